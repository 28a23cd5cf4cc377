ISA: str
VECTORS: bool
BACKEND: str

def peak(dtype: object, rounds: int = ...) -> float: ...
