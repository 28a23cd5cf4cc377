import numpy as np

ISA: str
WORK_SIZE: int

def matmul(
    a: np.ndarray, b: np.ndarray, out: np.ndarray, work: np.ndarray, first: int, last: int, stop: np.ndarray
) -> None: ...
