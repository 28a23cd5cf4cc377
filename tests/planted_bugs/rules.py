"""Right update rules as a student might hand them in, and mistakes planted in them. Independent of convkit."""

import numpy as np


def sgd(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    w -= config["learning_rate"] * dw
    return w, config


def sgd_momentum(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    v = config.get("velocity", np.zeros_like(w))
    v = config["momentum"] * v - config["learning_rate"] * dw
    next_w = w + v
    config["velocity"] = v
    return next_w, config


def rmsprop(w, dw, config=None):
    config = {} if config is None else config
    rate, decay, eps = config.get("learning_rate", 1e-2), config.get("decay_rate", 0.99), config.get("epsilon", 1e-8)
    config["cache"] = decay * config.get("cache", 0) + (1 - decay) * dw * dw
    return w - rate * dw / (np.sqrt(config["cache"]) + eps), config


def adagrad(w, dw, config=None):
    config = {} if config is None else config
    config["cache"] = config.get("cache", 0) + dw**2
    return w - config.get("learning_rate", 1e-2) * dw / (config["cache"] ** 0.5 + config.get("epsilon", 1e-8)), config


def adam(w, dw, config=None):
    config = {} if config is None else config
    for name, value in (("learning_rate", 1e-3), ("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8), ("t", 0)):
        config.setdefault(name, value)
    config["t"] += 1
    config["m"] = config.get("m", 0) + (1 - config["beta1"]) * (dw - config.get("m", 0))
    config["v"] = config.get("v", 0) + (1 - config["beta2"]) * (dw**2 - config.get("v", 0))
    mt = config["m"] / (1 - config["beta1"] ** config["t"])
    vt = config["v"] / (1 - config["beta2"] ** config["t"])
    return w - config["learning_rate"] * mt / (np.sqrt(vt) + config["epsilon"]), config


def adamw(w, dw, config=None):
    config = {} if config is None else config
    decay, rate = config.get("weight_decay", 1e-2), config.get("learning_rate", 1e-3)
    b1, b2, eps = config.get("beta1", 0.9), config.get("beta2", 0.999), config.get("epsilon", 1e-8)
    t, m, v = config.get("t", 0) + 1, config.get("m", 0), config.get("v", 0)
    shrunk = w * (1 - rate * decay)
    m, v = b1 * m + (1 - b1) * dw, b2 * v + (1 - b2) * dw**2
    config.update(t=t, m=m, v=v)
    return shrunk - rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps), config


# (rule, what is right, what it becomes, what the mistake may be called)
RULE_BUGS = [
    ("sgd", "w -= config", "w += config", "wrong_sign"),
    ("sgd", 'config["learning_rate"] * dw', "dw", "no_learning_rate"),
    ("sgd", "    w -= ", "    dw *= 2; w -= 0.5 * ", "modifies_input"),
    ("sgd_momentum", '    config["velocity"] = v\n', "", "state_not_stored"),
    ("sgd_momentum", '- config["learning_rate"] * dw', '+ config["learning_rate"] * dw', "wrong_sign"),
    ("sgd_momentum", "next_w = w + v", 'next_w = w + config["momentum"] * v - config["learning_rate"] * dw', "momentum_formula"),
    ("rmsprop", '(np.sqrt(config["cache"]) + eps)', 'np.sqrt(config["cache"] + eps)', "epsilon_inside_the_root"),
    ("rmsprop", '    config["cache"] = decay', "    config = dict(config, cache=0)\n    config[\"cache\"] = decay", "state_not_stored"),
    ("rmsprop", "(1 - decay) * dw * dw", "dw * dw", "decay_wrong"),
    ("rmsprop", "(1 - decay) * dw * dw", "(1 - decay) * dw", "not_squared"),
    ("adagrad", '** 0.5 + config.get("epsilon", 1e-8)', '+ config.get("epsilon", 1e-8)', "root_missing"),
    ("adagrad", '(config["cache"] ** 0.5 + config.get("epsilon", 1e-8))', '(config["cache"] + config.get("epsilon", 1e-8)) ** 0.5', "epsilon_inside_the_root"),
    ("adagrad", 'config.get("cache", 0) + dw**2', "dw**2", "state_not_stored"),
    ("adam", 'mt = config["m"] / (1 - config["beta1"] ** config["t"])', 'mt = config["m"]', "bias_correction_missing"),
    ("adam", 'vt = config["v"] / (1 - config["beta2"] ** config["t"])', 'vt = config["v"]', "bias_correction_missing"),
    ("adam", '    config["t"] += 1\n', '    config["t"] = 1\n', "t_not_incremented"),
    ("adam", "    return w - config", "    config['m'], config['v'] = 0, 0\n    return w - config", "state_not_stored"),
    ("adam", '(np.sqrt(vt) + config["epsilon"])', 'np.sqrt(vt + config["epsilon"])', "epsilon_inside_the_root"),
    ("adam", "    return w - config", "    config['m'], config['v'] = mt, vt\n    return w - config", "corrected_averages_stored"),
    ("adam", '("beta1", 0.9), ("beta2", 0.999)', '("beta1", 0.999), ("beta2", 0.9)', ""),
    ("adamw", "    m, v = b1 * m", "    dw = dw + decay * w\n    m, v = b1 * m", "weight_decay_twice"),
    ("adamw", "shrunk = w * (1 - rate * decay)", "shrunk = w * (1 - rate * decay); shrunk = shrunk - rate * decay * w", "weight_decay_twice"),
    ("adamw", "shrunk = w * (1 - rate * decay)", "shrunk = w; dw = dw + decay * w", "weight_decay_not_decoupled"),
    ("adamw", "shrunk = w * (1 - rate * decay)", "shrunk = w * (1 - decay)", "weight_decay_not_decoupled"),
    ("adamw", "    config.update(t=t, m=m, v=v)\n", "    config.update(t=1, m=m, v=v)\n    t = 1\n", "t_not_incremented"),
]  # fmt: skip
