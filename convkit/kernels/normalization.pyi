import numpy as np

Pair = tuple[np.ndarray, np.ndarray]

def batch_forward(
    x: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    eps: float,
    moments: np.ndarray,
    out: np.ndarray,
    training: bool,
    above: np.ndarray | None = ...,
) -> None: ...
def batch_backward(
    dout: np.ndarray,
    x: np.ndarray,
    gamma: np.ndarray,
    eps: float,
    moments: np.ndarray,
    dx: np.ndarray,
    training: bool,
    above: np.ndarray | None = ...,
) -> Pair: ...
def group_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float, moments: np.ndarray, out: np.ndarray
) -> None: ...
def group_backward(
    dout: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float, moments: np.ndarray, dx: np.ndarray
) -> Pair: ...
def layer_forward(
    x: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    eps: float,
    moments: np.ndarray,
    out: np.ndarray,
    above: np.ndarray | None = ...,
) -> None: ...
def layer_backward(
    dout: np.ndarray,
    x: np.ndarray,
    gamma: np.ndarray,
    eps: float,
    moments: np.ndarray,
    dx: np.ndarray,
    above: np.ndarray | None = ...,
) -> Pair: ...
