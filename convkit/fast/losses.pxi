"""Losses: the faces of kernels/loss.pyx."""


def softmax_loss_fast(x, y):
    """Softmax followed by cross-entropy; as softmax_loss, compiled.

    - x: scores (N, C), float32 or float64
    - y: labels (N,), integers in 0..C-1

    Returns (loss, dx): the loss, and its gradient (N, C).
    Raises ValueError or TypeError for shapes, dtypes and labels that do not fit.
    """
    check_scores(x, y)
    dtype = common_dtype(x=x)
    loss, dx = loss_kernels.softmax(_c_order(x, dtype), y)
    return dtype.type(loss), dx


def svm_loss_fast(x, y):
    """Multiclass SVM (hinge) loss; as svm_loss, compiled.

    - x: scores (N, C), float32 or float64
    - y: labels (N,), integers in 0..C-1

    Returns (loss, dx): the loss, and its gradient (N, C).
    Raises ValueError or TypeError for shapes, dtypes and labels that do not fit.
    """
    check_scores(x, y)
    dtype = common_dtype(x=x)
    loss, dx = loss_kernels.hinge(_c_order(x, dtype), y)
    return dtype.type(loss), dx
