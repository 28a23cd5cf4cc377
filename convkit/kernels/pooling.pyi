import numpy as np

from convkit.layers.pool import PoolGeometry

def winner_dtype(geometry: PoolGeometry) -> type: ...
def max_forward(
    x: np.ndarray, out: np.ndarray, winner: np.ndarray, geometry: PoolGeometry, relu: bool = ..., plain: bool = ...
) -> None: ...
def max_backward(
    dout: np.ndarray,
    winner: np.ndarray,
    dx: np.ndarray,
    geometry: PoolGeometry,
    relu: bool = ...,
    plain: bool = ...,
) -> None: ...
