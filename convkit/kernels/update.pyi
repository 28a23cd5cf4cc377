from collections.abc import Sequence

import numpy as np

def step(
    rule: str,
    w: np.ndarray,
    dw: np.ndarray,
    next_w: np.ndarray,
    before: Sequence[np.ndarray],
    after: Sequence[np.ndarray],
    numbers: Sequence[float],
) -> None: ...
def add_scaled(x: np.ndarray, y: np.ndarray | None, scale: float) -> float: ...
