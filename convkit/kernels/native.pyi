ISA: str
VECTORS: bool
BACKEND: str
