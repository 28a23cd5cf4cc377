"""Small models in plain NumPy for the tests of training: fast, and independent of convkit's layers."""

import numpy as np


def softmax_cross_entropy(scores, y):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(len(y))
    dscores = np.exp(log_p)
    dscores[rows, y] -= 1
    return -log_p[rows, y].mean(), dscores / len(y)


class SoftmaxRegression:
    """scores = X W + b."""

    def __init__(self, features=6, classes=3, seed=0, dtype=np.float64):
        rng = np.random.default_rng(seed)
        self.params = {
            "W": (0.1 * rng.standard_normal((features, classes))).astype(dtype),
            "b": np.zeros(classes, dtype=dtype),
        }

    def loss(self, X, y=None):
        scores = X @ self.params["W"] + self.params["b"]
        if y is None:
            return scores
        loss, dscores = softmax_cross_entropy(scores, y)
        return loss, {"W": X.T @ dscores, "b": dscores.sum(axis=0)}


class NormalizedNet:
    """Two layers; the inputs are centred by the batch's mean in training and by a running mean in testing.

    kind says how the running mean is kept: "protocol" (get_state, set_state) or "bn_params" (as CS231n does). Dropout
    draws from NumPy's global random state in training.
    """

    def __init__(self, features=6, hidden=8, classes=3, seed=0, kind="protocol", dtype=np.float64):
        rng = np.random.default_rng(seed)
        self.params = {
            "W1": (0.5 * rng.standard_normal((features, hidden))).astype(dtype),
            "b1": np.zeros(hidden, dtype=dtype),
            "W2": (0.5 * rng.standard_normal((hidden, classes))).astype(dtype),
            "b2": np.zeros(classes, dtype=dtype),
        }
        if kind == "protocol":
            self._state = {"running_mean": np.zeros(features, dtype=dtype)}
            self.get_state = lambda: self._state
            self.set_state = self._state.update
        else:
            self.bn_params = [{"mode": "train"}]

    @property
    def memory(self):
        return self.bn_params[0] if hasattr(self, "bn_params") else self._state

    def loss(self, X, y=None):
        p, memory = self.params, self.memory
        if y is None:
            mean = memory.get("running_mean", 0.0)
        else:
            mean = X.mean(axis=0)
            memory["running_mean"] = 0.9 * memory.get("running_mean", np.zeros_like(mean)) + 0.1 * mean
        hidden = np.maximum(0, (X - mean) @ p["W1"] + p["b1"])
        if y is None:
            return hidden @ p["W2"] + p["b2"]
        mask = (np.random.rand(*hidden.shape) < 0.8) / 0.8
        dropped = hidden * mask
        loss, dscores = softmax_cross_entropy(dropped @ p["W2"] + p["b2"], y)
        dhidden = (dscores @ p["W2"].T) * mask * (hidden > 0)
        grads = {
            "W2": dropped.T @ dscores,
            "b2": dscores.sum(axis=0),
            "W1": (X - mean).T @ dhidden,
            "b1": dhidden.sum(axis=0),
        }
        return loss, grads


class LinearRegression:
    """Mean squared error of X w against real-valued targets (N, T)."""

    def __init__(self, features=6, targets=2):
        self.params = {"w": np.zeros((features, targets))}

    def loss(self, X, y=None):
        out = X @ self.params["w"]
        if y is None:
            return out
        error = out - y
        return np.mean(error**2), {"w": 2 * X.T @ error / error.size}


def blobs(num_train=60, num_val=24, features=6, classes=3, seed=1, dtype=np.float64):
    """Three overlapping clouds of points, as the Solver's data."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((classes, features))
    y = rng.integers(classes, size=num_train + num_val)
    X = (centres[y] + 1.5 * rng.standard_normal((len(y), features))).astype(dtype)
    return {"X_train": X[:num_train], "y_train": y[:num_train], "X_val": X[num_train:], "y_val": y[num_train:]}
