ISA: str
LANES: int
VECTORS: bool
BACKEND: str

def peak(dtype: object, rounds: int = ...) -> float: ...
