import numpy as np

Pair = tuple[np.ndarray, np.ndarray]

def moments(x: np.ndarray, columns: bool = ...) -> Pair: ...
def apply(
    x: np.ndarray,
    out: np.ndarray,
    center: np.ndarray,
    factor: np.ndarray,
    shift: np.ndarray,
    gamma: np.ndarray | None = ...,
    beta: np.ndarray | None = ...,
    above: np.ndarray | None = ...,
    columns: bool = ...,
) -> None: ...
def sums(
    dout: np.ndarray,
    x: np.ndarray,
    center: np.ndarray,
    gamma: np.ndarray | None = ...,
    above: np.ndarray | None = ...,
    columns: bool = ...,
) -> Pair: ...
def sums_over_rows(
    dout: np.ndarray,
    x: np.ndarray,
    center: np.ndarray,
    factor: np.ndarray,
    shift: np.ndarray,
    above: np.ndarray | None = ...,
) -> Pair: ...
def gradient(
    dout: np.ndarray,
    x: np.ndarray,
    dx: np.ndarray,
    center: np.ndarray,
    factor: np.ndarray,
    slope: np.ndarray,
    shift: np.ndarray,
    gamma: np.ndarray | None = ...,
    above: np.ndarray | None = ...,
    columns: bool = ...,
) -> None: ...
