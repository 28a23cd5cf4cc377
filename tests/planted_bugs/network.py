"""A right network as a student might write it, and mistakes planted in its regularization and its backward pass."""

import numpy as np


class TwoLayers:
    def __init__(self, reg=0.1, seed=0):
        rng = np.random.default_rng(seed)
        self.reg = reg
        self.params = {
            "W1": 0.5 * rng.standard_normal((6, 5)),
            "b1": np.zeros(5),
            "W2": 0.5 * rng.standard_normal((5, 4)),
            "b2": np.zeros(4),
            "W3": 0.5 * rng.standard_normal((4, 3)),
            "b3": np.zeros(3),
        }

    def loss(self, X, y):
        p, grads = self.params, {}
        h1 = np.maximum(0, X @ p["W1"] + p["b1"])
        h2 = np.tanh(h1 @ p["W2"] + p["b2"])
        scores = h2 @ p["W3"] + p["b3"]
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        prob = e / e.sum(axis=1, keepdims=True)
        N = len(X)
        loss = -np.log(prob[np.arange(N), y]).mean()
        d = prob
        d[np.arange(N), y] -= 1
        d /= N
        grads["W3"], grads["b3"] = h2.T @ d, d.sum(axis=0)
        d = d @ p["W3"].T * (1 - h2**2)
        grads["W2"], grads["b2"] = h1.T @ d, d.sum(axis=0)
        d = d @ p["W2"].T * (h1 > 0)
        grads["W1"], grads["b1"] = X.T @ d, d.sum(axis=0)
        for name in ("W1", "W2", "W3"):
            loss += 0.5 * self.reg * np.sum(p[name] ** 2)
            grads[name] += self.reg * p[name]
        return loss, grads


# (what, the rows that must be blamed, what is right, what it becomes, what it may be called)
NETWORK_BUGS = [
    ("the 1/2 missing in the loss", "W1 W2 W3 regularization", "0.5 * self.reg * np", "self.reg * np", "reg_missing_half"),
    ("the 1/2 and the 2 missing", "regularization", "            loss += 0.5 * self.reg * np.sum(p[name] ** 2)\n            grads[name] += self.reg", "            loss += self.reg * np.sum(p[name] ** 2)\n            grads[name] += 2 * self.reg", "reg_missing_half"),
    ("2 in the gradient", "W1 W2 W3 regularization", "grads[name] += self.reg", "grads[name] += 2 * self.reg", "reg_missing_half"),
    ("biases, too", "regularization", 'for name in ("W1", "W2", "W3")', "for name in p", "reg_on_biases"),
    ("biases in the gradient only", "regularization", "        return loss, grads", '        grads["b1"] = grads["b1"] + self.reg * p["b1"]\n        return loss, grads', "reg_on_biases"),
    ("not in the gradient", "W1 W2 W3 regularization", "            grads[name] += self.reg * p[name]\n", "", "reg_not_in_gradient"),
    ("not in the loss", "W1 W2 W3 regularization", "            loss += 0.5 * self.reg * np.sum(p[name] ** 2)\n", "", "reg_not_in_loss"),
    ("one weight forgotten", "regularization", 'for name in ("W1", "W2", "W3")', 'for name in ("W1", "W3")', "reg_missing"),
    ("divided by N, too", "regularization", "            loss += 0.5 * self.reg * np.sum(p[name] ** 2)\n            grads[name] += self.reg", "            loss += 0.5 * self.reg / N * np.sum(p[name] ** 2)\n            grads[name] += self.reg / N", "reg_factor"),
    ("mask forgotten", "W1 b1", "* (h1 > 0)", "", ""),
    ("slope of the tanh of the wrong tensor", "W2 b2 W1 b1", "(1 - h2**2)", "(1 - h2)", ""),
    ("not divided by N", "W1 b1 W2 b2 W3 b3", "        d /= N\n", "", "scale"),
    ("bias of one sample", "b2", '"b2"] = h1.T @ d, d.sum(axis=0)', '"b2"] = h1.T @ d, d[0]', ""),
    ("minus", "b3", '"b3"] = h2.T @ d, d.sum(axis=0)', '"b3"] = h2.T @ d, -d.sum(axis=0)', "sign"),
    ("a gradient forgotten", "b3", 'grads["W3"], grads["b3"] = h2.T @ d, d.sum(axis=0)', 'grads["W3"] = h2.T @ d', ""),
]  # fmt: skip
