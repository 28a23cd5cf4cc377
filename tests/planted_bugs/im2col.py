"""Right answers in another style: index arrays and matrix products instead of loops over windows; dilation and groups,
too; batch normalization as a chain of small steps. Independent of convkit."""

import numpy as np


def both(setting):
    return setting if isinstance(setting, tuple) else (setting, setting)


def conv_indices(x_shape, w_shape, stride, pad, dilation):
    N, C, H, W = x_shape
    F, per_group, HH, WW = w_shape
    (SH, SW), (TOP, LEFT), (DH, DW) = both(stride), both(pad), both(dilation)
    OH = (H + 2 * TOP - DH * (HH - 1) - 1) // SH + 1
    OW = (W + 2 * LEFT - DW * (WW - 1) - 1) // SW + 1
    rows = DH * np.repeat(np.arange(HH), WW)[:, None] + SH * np.repeat(np.arange(OH), OW)[None, :]
    columns = DW * np.tile(np.arange(WW), HH)[:, None] + SW * np.tile(np.arange(OW), OH)[None, :]
    return OH, OW, rows, columns


def conv_forward(x, w, b, conv_param):
    stride, pad = conv_param.get("stride", 1), conv_param.get("pad", 0)
    dilation, groups = conv_param.get("dilation", 1), conv_param.get("groups", 1)
    N, C, H, W = x.shape
    F = len(w)
    OH, OW, rows, columns = conv_indices(x.shape, w.shape, stride, pad, dilation)
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, OH, OW))
    for g in range(groups):
        filters = slice(g * (F // groups), (g + 1) * (F // groups))
        channels = slice(g * (C // groups), (g + 1) * (C // groups))
        cols = x_pad[:, channels][:, :, rows, columns].reshape(N, -1, OH * OW)
        product = w[filters].reshape(F // groups, -1) @ cols
        out[:, filters] = product.reshape(N, -1, OH, OW) + b[filters].reshape(1, -1, 1, 1)
    return out, (x_pad, w, conv_param, x.shape)


def conv_backward(dout, cache):
    x_pad, w, conv_param, x_shape = cache
    stride, pad = conv_param.get("stride", 1), conv_param.get("pad", 0)
    dilation, groups = conv_param.get("dilation", 1), conv_param.get("groups", 1)
    N, C, H, W = x_shape
    F = len(w)
    OH, OW, rows, columns = conv_indices(x_shape, w.shape, stride, pad, dilation)
    dx_pad, dw = np.zeros(x_pad.shape), np.zeros(w.shape)
    db = dout.sum(axis=(0, 2, 3))
    for g in range(groups):
        filters = slice(g * (F // groups), (g + 1) * (F // groups))
        channels = slice(g * (C // groups), (g + 1) * (C // groups))
        cols = x_pad[:, channels][:, :, rows, columns].reshape(N, -1, OH * OW)
        dy = dout[:, filters].reshape(N, F // groups, -1)
        dw[filters] = (dy @ cols.transpose(0, 2, 1)).sum(axis=0).reshape(w[filters].shape)
        dcols = w[filters].reshape(F // groups, -1).T @ dy
        shares = dcols.reshape(N, C // groups, -1, OH * OW)
        np.add.at(dx_pad[:, channels], (slice(None), slice(None), rows, columns), shares)
    return dx_pad[:, :, pad : pad + H, pad : pad + W], dw, db


def max_pool_forward(x, pool_param):
    PH, PW, S = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    OH, OW, rows, columns = conv_indices((N, C, H, W), (1, 1, PH, PW), S, 0, 1)
    cols = x.reshape(N * C, H, W)[:, rows, columns]
    winner = cols.argmax(axis=1)
    out = np.take_along_axis(cols, winner[:, None], axis=1).reshape(N, C, OH, OW)
    return out, (x, winner, rows, columns)


def max_pool_backward(dout, cache):
    x, winner, rows, columns = cache
    N, C, H, W = x.shape
    dx = np.zeros((N * C, H, W))
    position = np.arange(rows.shape[1])
    images = np.arange(N * C)[:, None]
    np.add.at(dx, (images, rows[winner, position], columns[winner, position]), dout.reshape(N * C, -1))
    return dx.reshape(x.shape)


def avg_pool_forward(x, pool_param):
    PH, PW, S = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    pad = pool_param.get("pad", 0)
    N, C, H, W = x.shape
    OH, OW, rows, columns = conv_indices(x.shape, (1, 1, PH, PW), S, pad, 1)
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    inside = np.pad(np.ones((H, W)), pad)[rows, columns].sum(axis=0)
    count = PH * PW if pool_param.get("count_include_pad", True) else inside
    out = x_pad[:, :, rows, columns].sum(axis=2) / count
    return out.reshape(N, C, OH, OW), (x.shape, rows, columns, count, pad)


def avg_pool_backward(dout, cache):
    (N, C, H, W), rows, columns, count, pad = cache
    dx = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    shares = dout.reshape(N, C, -1) / count
    np.add.at(dx, (slice(None), slice(None), rows, columns), shares[:, :, None])
    return dx[:, :, pad : pad + H, pad : pad + W]


def sigmoid_forward(x):
    out = 1 / (1 + np.exp(-x))
    return out, out


def sigmoid_backward(dout, cache):
    s = cache
    return dout * s * (1 - s)


def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D))
    running_var = bn_param.get("running_var", np.zeros(D))
    if bn_param["mode"] == "test":
        bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
        return gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta, None
    mu = x.sum(axis=0) / N
    xmu = x - mu
    var = (xmu**2).sum(axis=0) / N
    sqrtvar = np.sqrt(var + eps)
    ivar = 1 / sqrtvar
    xhat = xmu * ivar
    bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mu
    bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    return gamma * xhat + beta, (xhat, gamma, xmu, ivar, sqrtvar, var, eps)


def batchnorm_backward(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    divar = (dxhat * xmu).sum(axis=0)
    dxmu = dxhat * ivar
    dsqrtvar = -1 / sqrtvar**2 * divar
    dvar = 0.5 / np.sqrt(var + eps) * dsqrtvar
    dsq = np.ones((N, D)) / N * dvar
    dxmu = dxmu + 2 * xmu * dsq
    dmu = -dxmu.sum(axis=0)
    return dxmu + np.ones((N, D)) / N * dmu, dgamma, dbeta


def affine_forward(x, w, b):
    N, D = x.shape[0], w.shape[0]
    return np.einsum("nd,dm->nm", np.reshape(x, (N, D)), w) + b[None], (x, w)


def affine_backward(dout, cache):
    x, w = cache
    N, D = x.shape[0], w.shape[0]
    flat = np.reshape(x, (N, D))
    dw = np.einsum("nd,nm->dm", flat, dout)
    dx = np.einsum("nm,dm->nd", dout, w)
    return np.reshape(dx, x.shape), dw, np.einsum("nm->m", dout)


def softmax_loss(x, y):
    N, C = x.shape
    top = x.max(axis=1)[:, None]
    e = np.exp(x - top)
    total = e.sum(axis=1)[:, None]
    target = np.eye(C)[y]
    loss = (np.log(total) - (x - top) * target.sum(axis=1)[:, None])[target == 1].sum() / N
    return loss, (e / total - target) / N


def svm_loss(x, y):
    N, C = x.shape
    dx = np.zeros((N, C))
    loss = 0.0
    for n in range(N):
        for j in range(C):
            if j == y[n]:
                continue
            margin = x[n, j] - x[n, y[n]] + 1
            if margin > 0:
                loss += margin
                dx[n, j] += 1
                dx[n, y[n]] -= 1
    return loss / N, dx / N
