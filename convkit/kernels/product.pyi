from collections.abc import Sequence

import numpy as np

def product(
    a: np.ndarray, b: np.ndarray, out: np.ndarray, bias: np.ndarray | None = None, relu: bool = False
) -> None: ...
def columns(
    dout: np.ndarray, sums: np.ndarray, out: np.ndarray | None = None, masked: np.ndarray | None = None
) -> None: ...
def affine_backward(
    dout: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    dx: np.ndarray | None,
    dw: np.ndarray | None,
    decay: float | None = None,
) -> float: ...
def affine_update(
    dout: np.ndarray,
    x: np.ndarray,
    decay: float,
    rule: str,
    w: np.ndarray,
    memory: Sequence[np.ndarray],
    numbers: Sequence[float],
) -> None: ...
