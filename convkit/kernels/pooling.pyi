import numpy as np

def max_pool_forward(
    x: np.ndarray,
    out: np.ndarray,
    winner: np.ndarray,
    pool_h: int,
    pool_w: int,
    stride_h: int,
    stride_w: int,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def max_pool_backward(
    dout: np.ndarray,
    winner: np.ndarray,
    dx: np.ndarray,
    pool_w: int,
    stride_h: int,
    stride_w: int,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
