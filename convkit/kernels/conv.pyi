import numpy as np

from convkit.layers.conv import ConvGeometry

MOST_PIECES: int
LANES_OF_CHANNEL: int

def forward(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray | None,
    out: np.ndarray,
    geometry: ConvGeometry,
    algorithm: str,
    relu: bool = ...,
    winner: np.ndarray | None = ...,
) -> bool: ...
def backward_x(dout: np.ndarray, w: np.ndarray, dx: np.ndarray, geometry: ConvGeometry, algorithm: str) -> bool: ...
def backward_w(
    dout: np.ndarray,
    x: np.ndarray,
    dw: np.ndarray,
    db: np.ndarray,
    geometry: ConvGeometry,
    algorithm: str,
    winner: np.ndarray | None = ...,
) -> bool: ...
