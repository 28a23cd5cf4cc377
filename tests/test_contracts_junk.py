"""Junk in the place of any argument or setting: refused by every implementation alike, naming the argument."""

import numpy as np
import pytest
from helpers import pair_of
from test_contracts import GOOD, IMPLEMENTATIONS

KEYS = {
    "conv_param": ("stride", "pad", "dilation", "groups", "rounding", "output_pad"),
    "pool_param": (
        *("pool_height", "pool_width", "stride", "pad", "dilation", "rounding"),
        *("count_include_pad", "output_size"),
    ),
    "unpool_param": ("output_size",),
    "upsample_param": ("scale", "align_corners"),
    "bn_param": ("mode", "eps", "momentum", "running_mean", "running_var"),
    "ln_param": ("eps",),
    "gn_param": ("eps",),
    "dropout_param": ("p", "mode", "seed"),
}


class Strange:
    """Something that answers every question wrongly."""

    def __repr__(self):
        raise RuntimeError("no repr")

    def __bool__(self):
        raise RuntimeError("no truth")

    def __eq__(self, other):
        raise RuntimeError("no equality")

    __hash__ = object.__hash__


JUNK = [
    *(None, 0, -1, 1.5, np.nan, True, 10**5000, np.int64(-3), "x", "train", b"x", len, np.float64, object(), Strange()),
    *([], (), {}, {"a": 1}, {1: 1}, set(), range(3), [[1.0, 2.0]], (1, 2), [1, 1, 1], ("1", "2"), list(range(100_000))),
    *(np.array(None), np.array(["text"]), np.array([1, 1]), np.zeros(()), np.zeros(0), np.zeros((0, 3))),
    *(np.zeros((3, 0, 2)), np.zeros((2, 4, 6, 6), "c16"), np.zeros(3, "M8[s]"), np.zeros(3, [("a", float)])),
    *("x" * 10**6, np.array(["train"]), np.zeros((2, 2, 2, 2, 2, 2)), np.float32(0.5), 1e300, 2**62),
]
PLACES = [(layer, name, key) for layer, call in GOOD.items() for name in call for key in (None, *KEYS.get(name, ()))]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # eps = 0 or 1e300 is allowed, and NumPy says what comes of it
@pytest.mark.parametrize(("layer", "name", "key"), PLACES)
def test_junk_is_refused_or_works_alike_everywhere(layer, name, key):
    for junk in JUNK:
        outcomes = set()
        for implementation, of in IMPLEMENTATIONS:
            if of == layer:
                arguments = {n: dict(v) if isinstance(v, dict) else v for n, v in GOOD[layer].items()}
                arguments[name] = junk if key is None else arguments[name] | {key: junk}
                try:
                    out, _ = pair_of(implementation, layer)[0](*arguments.values())
                except (ValueError, TypeError) as error:
                    outcomes.add(f"{type(error).__name__}: {error}")
                else:
                    outcomes.add(f"works: {out.shape}")
        assert len(outcomes) == 1, outcomes
        (outcome,) = outcomes
        assert outcome.startswith("works") or name in outcome or (key is not None and key in outcome), outcome
        assert len(outcome) < 500
