import numpy as np

def max_windows(
    x: np.ndarray,
    out: np.ndarray,
    indices: np.ndarray,
    first_row: np.ndarray,
    stop_row: np.ndarray,
    row_step: int,
    first_col: np.ndarray,
    stop_col: np.ndarray,
    col_step: int,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def mean_windows(
    x: np.ndarray,
    count: np.ndarray,
    out: np.ndarray,
    first_row: np.ndarray,
    stop_row: np.ndarray,
    row_step: int,
    first_col: np.ndarray,
    stop_col: np.ndarray,
    col_step: int,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def spread_windows(
    dout: np.ndarray,
    count: np.ndarray,
    dx: np.ndarray,
    first_row: np.ndarray,
    stop_row: np.ndarray,
    row_step: int,
    first_col: np.ndarray,
    stop_col: np.ndarray,
    col_step: int,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def add_at(
    values: np.ndarray,
    indices: np.ndarray,
    out: np.ndarray,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def put_at(
    values: np.ndarray,
    indices: np.ndarray,
    owner: np.ndarray,
    out: np.ndarray,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def take_from(
    dout: np.ndarray,
    indices: np.ndarray,
    dx: np.ndarray,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def repeat_pixels(
    x: np.ndarray,
    out: np.ndarray,
    scale_h: int,
    scale_w: int,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def sum_blocks(
    dout: np.ndarray,
    dx: np.ndarray,
    scale_h: int,
    scale_w: int,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def interpolate(
    x: np.ndarray,
    out: np.ndarray,
    top: np.ndarray,
    bottom: np.ndarray,
    down: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    across: np.ndarray,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def spread_between(
    dout: np.ndarray,
    dx: np.ndarray,
    top: np.ndarray,
    bottom: np.ndarray,
    down: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    across: np.ndarray,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def plane_means(
    x: np.ndarray,
    out: np.ndarray,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def stack_slices(
    x: np.ndarray,
    images: np.ndarray,
    volume: np.ndarray,
    depth: np.ndarray,
    dilation: int,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
def unstack_slices(
    images: np.ndarray,
    x: np.ndarray,
    volume: np.ndarray,
    depth: np.ndarray,
    dilation: int,
    first: int,
    last: int,
    stop: np.ndarray,
) -> None: ...
