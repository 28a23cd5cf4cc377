import numpy as np

WORK_SIZE: int

def matmul(
    a: np.ndarray, b: np.ndarray, out: np.ndarray, work: np.ndarray, first: int, last: int, stop: np.ndarray
) -> None: ...
