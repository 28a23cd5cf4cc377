"""Mistakes that people make, each planted in student.py by replacing one piece of text.

An entry: what is wrong, the layer and part that must be blamed, the text that stands in student.py, and what it becomes.
The text must occur once within the functions of that layer.
"""

from typing import NamedTuple


class Bug(NamedTuple):
    what: str
    layer: str
    part: str
    right: str
    wrong: str


BUGS = [
    Bug("weights used untransposed", "affine", "dx", "dout.dot(w.T)", "dout.dot(w.reshape(w.T.shape))"),
    Bug("dx keeps the shape of the rows", "affine", "dx", "dout.dot(w.T).reshape(x.shape)", "dout.dot(w.T)"),
    Bug("bias not summed over the batch", "affine", "db", "db = dout.sum(axis=0)", "db = dout[0]"),
    Bug("bias forgotten", "affine", "forward", ".dot(w) + b", ".dot(w)"),
    Bug("mean instead of sum over the batch", "affine", "dw", ".T.dot(dout)", ".T.dot(dout) / len(dout)"),
    Bug("mask not applied", "relu", "dx", "dx = dout * (cache > 0)", "dx = dout.copy()"),
    Bug(">= instead of >", "relu", "dx", "(cache > 0)", "(cache >= 0)"),
    Bug("mask of dout instead of x", "relu", "dx", "(cache > 0)", "(dout > 0)"),
    Bug("leaky by mistake", "relu", "forward", "x * (x > 0)", "np.where(x > 0, x, 0.01 * x)"),
    Bug("x changed in place", "relu", "inputs", "out = x * (x > 0)", "x *= x > 0; out = x"),
    Bug("dout changed in place", "relu", "inputs", "dx = dout * (cache > 0)", "dout[cache <= 0] = 0; dx = dout"),
    Bug("assignment instead of accumulation", "conv", "dx", "dx_pad[:, :, rows, columns] +=", "dx_pad[:, :, rows, columns] ="),
    Bug("assignment instead of accumulation", "conv", "dw", "dw += np", "dw = np"),
    Bug("stride ignored in backward", "conv", "dx", "rows, columns = slice(i * stride, i * stride + HH)", "rows, columns = slice(i, i + HH)"),
    Bug("padding not cropped", "conv", "dx", "dx = dx_pad[:, :, pad : pad + H, pad : pad + W]", "dx = dx_pad"),
    Bug("pad-0 slice empties the array", "conv", "dx", "dx_pad[:, :, pad : pad + H, pad : pad + W]", "dx_pad[:, :, pad:-pad, pad:-pad]"),
    Bug("padding on one side only", "conv", "forward", "(pad, pad), (pad, pad)))\n    out", "(2 * pad, 0), (2 * pad, 0)))\n    out"),
    Bug("filter flipped in the forward pass", "conv", "forward", "np.tensordot(window, w,", "np.tensordot(window, w[:, :, ::-1, ::-1],"),
    Bug("filter flipped in dx", "conv", "dx", "np.tensordot(dout[:, :, i, j], w,", "np.tensordot(dout[:, :, i, j], w[:, :, ::-1, ::-1],"),
    Bug("bias summed over the batch only in part", "conv", "db", "dout.sum(axis=(0, 2, 3))", "dout[0].sum(axis=(1, 2))"),
    Bug("bias averaged over space", "conv", "db", "dout.sum(axis=(0, 2, 3))", "dout.sum(axis=0).mean(axis=(1, 2))"),
    Bug("height and width swapped", "conv", "forward", "OH, OW = (H + 2 * pad - HH) // stride + 1, (W + 2 * pad - WW)", "OW, OH = (H + 2 * pad - HH) // stride + 1, (W + 2 * pad - WW)"),
    Bug("last row and column of outputs missing", "conv", "dw", "for i in range(dout.shape[2]):", "for i in range(dout.shape[2] - 1):"),
    Bug("channels in the wrong order", "conv", "dw", "dw += np.tensordot(dout[:, :, i, j], x_pad[:,", "dw += np.tensordot(dout[:, :, i, j], x_pad[:, ::-1][:,"),
    Bug("dw of the first image only", "conv", "dw", "dw += np.tensordot(dout[:, :, i, j], x_pad[:,", "dw += np.tensordot(dout[:1, :, i, j], x_pad[:1,"),
    Bug("dout multiplied twice", "conv", "dx", "+= np.tensordot(dout[:, :, i, j], w", "+= np.tensordot(dout[:, :, i, j] ** 2, w"),
    Bug("dout ignored", "conv", "dw", "dw += np.tensordot(dout[:, :, i, j]", "dw += np.tensordot(np.ones_like(dout[:, :, i, j])"),
    Bug("average instead of maximum", "max_pool", "forward", ".max(axis=(2, 3))", ".mean(axis=(2, 3))"),
    Bug("stride taken for the window", "max_pool", "forward", "i * stride : i * stride + PH, j * stride : j * stride + PW].max", "i * stride : i * stride + stride, j * stride : j * stride + stride].max"),
    Bug("assignment where windows overlap", "max_pool", "dx", "] += dout[n, c, i, j]", "] = dout[n, c, i, j]"),
    Bug("gradient to every tie", "max_pool", "dx", "dx[n, c, i * stride + row, j * stride + column] += dout[n, c, i, j]", "dx[n, c, i * stride : i * stride + PH, j * stride : j * stride + PW] += dout[n, c, i, j] * (window == window.max())"),
    Bug("gradient to the last of several maxima", "max_pool", "dx", "window.argmax()", "window.size - 1 - window.ravel()[::-1].argmax()"),
    Bug("gradient in the window's corner", "max_pool", "dx", "i * stride + row, j * stride + column", "i * stride, j * stride"),
    Bug("window's row and column swapped", "max_pool", "dx", "row, column = np.unravel_index(window.argmax(), window.shape)", "column, row = np.unravel_index(window.T.argmax(), window.shape)"),
    Bug("unbiased variance", "batchnorm", "forward", "x.var(axis=0)", "x.var(axis=0, ddof=1)"),
    Bug("eps outside the root", "batchnorm", "forward", "np.sqrt(var + eps)", "np.sqrt(var) + eps"),
    Bug("running averages never updated", "batchnorm", "forward", "running_mean = momentum * running_mean + (1 - momentum) * mean", "pass"),
    Bug("momentum the wrong way round", "batchnorm", "forward", "running_var = momentum * running_var + (1 - momentum) * var", "running_var = (1 - momentum) * running_var + momentum * var"),
    Bug("running averages used in training", "batchnorm", "forward", 'if bn_param["mode"] == "train":', 'if bn_param["mode"] == "never":'),
    Bug("batch's statistics used in test mode", "batchnorm", "forward", "mean, var = running_mean, running_var", "mean, var = x.mean(axis=0), x.var(axis=0)"),
    Bug("the variance's path left out", "batchnorm", "dx", " - x_hat * (dx_hat * x_hat).mean(axis=0)) / std\n    return dx, dgamma, dbeta\n\n\ndef batchnorm_backward_alt", ") / std\n    return dx, dgamma, dbeta\n\n\ndef batchnorm_backward_alt"),
    Bug("the mean's path left out", "batchnorm", "dx", "(dx_hat - dx_hat.mean(axis=0) -", "(dx_hat -"),
    Bug("gamma forgotten", "batchnorm", "dx", "dx_hat = dout * gamma", "dx_hat = dout"),
    Bug("gamma's gradient without x_hat", "batchnorm", "dgamma", "dgamma = (dout * x_hat).sum(axis=0)\n    dx_hat", "dgamma = dout.sum(axis=0)\n    dx_hat"),
    Bug("gamma forgotten in the short form", "batchnorm", "batchnorm_backward_alt dx", "gamma / (N * std)", "1 / (N * std)"),
    Bug("statistics per image instead of per batch", "spatial_batchnorm", "forward", "x.transpose(0, 2, 3, 1).reshape(-1, C)", "x.transpose(0, 2, 3, 1).reshape(-1, C) - x.mean(axis=(2, 3)).repeat(H * W, axis=0)"),
    Bug("channels and pixels mixed", "spatial_batchnorm", "forward", "out, cache = batchnorm_forward(x.transpose(0, 2, 3, 1).reshape(-1, C)", "out, cache = batchnorm_forward(x.reshape(-1, C)"),
    Bug("normalised over the batch", "layernorm", "forward", "x.mean(axis=1, keepdims=True)) / std\n    return gamma", "x.mean(axis=0, keepdims=True)) / std\n    return gamma"),
    Bug("the mean's path left out", "layernorm", "dx", "(d - d.mean(axis=1, keepdims=True) - x_hat", "(d - x_hat"),
    Bug("groups of the wrong channels", "spatial_groupnorm", "forward", "groups = x.reshape(N * G, -1)", "groups = x.reshape(N, C // G, G, H, W).transpose(0, 2, 1, 3, 4).reshape(N * G, -1)"),
    Bug("gamma's gradient of the wrong shape", "spatial_groupnorm", "dgamma", "dgamma = (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)", "dgamma = (dout * x_hat).sum(axis=(0, 2, 3))"),
    Bug("p taken for the probability to drop", "dropout", "forward", "binomial(1, p, size=x.shape) / p", "binomial(1, 1 - p, size=x.shape) / (1 - p)"),
    Bug("not divided by p", "dropout", "forward", "size=x.shape) / p", "size=x.shape)"),
    Bug("scaled in test mode", "dropout", "forward", "        out = x\n", "        out = x * p\n"),
    Bug("mask not applied in backward", "dropout", "dx", "return dout * mask if", "return dout if"),
    Bug("another mask each time, whatever the seed", "dropout", "repeat", 'np.random.seed(dropout_param["seed"])', "pass"),
    Bug("not divided by N", "softmax_loss", "dx", "return loss, dx / N\n\n\ndef svm", "return loss, dx\n\n\ndef svm"),
    Bug("correct class not subtracted", "softmax_loss", "dx", "dx[np.arange(N), y] -= 1", "pass"),
    Bug("loss summed, not averaged", "softmax_loss", "loss", ".sum() / N\n    dx = p.copy()", ".sum()\n    dx = p.copy()"),
    Bug("margin counted for the correct class", "svm_loss", "loss", "    margins[np.arange(N), y] = 0\n", ""),
    Bug("correct class gets no gradient", "svm_loss", "dx", "dx[np.arange(N), y] -= dx.sum(axis=1)", "pass"),
    Bug("the gradient's return forgotten", "conv", "dx", "return dx, dw, db\n\n\ndef max_pool", "return None\n\n\ndef max_pool"),
    Bug("a tuple where an array is asked for", "max_pool", "dx", "    return dx\n\n\ndef batchnorm_forward", "    return (dx,)\n\n\ndef batchnorm_forward"),
]  # fmt: skip
