import numpy as np

from convkit.layers.conv import ConvGeometry

def conv_forward(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    out: np.ndarray,
    geometry: ConvGeometry,
    cols: np.ndarray,
    work: np.ndarray,
    first_image: int,
    last_image: int,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def conv_backward_x(
    dout: np.ndarray,
    w: np.ndarray,
    dx: np.ndarray,
    geometry: ConvGeometry,
    cols: np.ndarray,
    work: np.ndarray,
    first_image: int,
    last_image: int,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def conv_backward_w(
    dout: np.ndarray,
    x: np.ndarray,
    dw: np.ndarray,
    geometry: ConvGeometry,
    cols: np.ndarray,
    work: np.ndarray,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
