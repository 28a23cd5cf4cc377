"""GELU: each number times the probability that a normally distributed one is smaller."""

from __future__ import annotations

import numpy as np

from convkit.contracts import Cache, cast, check_dout, check_not_scalar, common_dtype, one_of, open_cache
from convkit.layers.activations import same_shape
from convkit.layers.spec import Case, Layer

FORMS = ("none", "tanh")
# of the tanh form: √(2/π), and the factor of x³
SLOPE, CUBIC = float(np.sqrt(2 / np.pi)), 0.044715


def gelu_forward(x: np.ndarray, approximate: str = "none") -> tuple[np.ndarray, Cache]:
    """Gaussian error linear unit: out = x * Φ(x), Φ the distribution function of the standard normal distribution.

        Φ(x) = (1 + erf(x/√2)) / 2, exactly, or about  (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2

    - x: array of one or more axes, float32 or float64
    - approximate: 'none' for the exact form, or 'tanh'

    Returns (out, cache): out of the shape of x, and a cache for gelu_backward.
    Raises TypeError for other dtypes, ValueError for a single number and other forms.
    Source: D. Hendrycks and K. Gimpel, "Gaussian error linear units (GELUs)", 2016, section 2.
    """
    dtype = common_dtype(x=x)
    check_not_scalar("x", x)
    one_of("approximate", approximate, FORMS)
    (x,) = cast(dtype, x)
    # BEGIN SOLUTION
    if approximate == "tanh":
        out = x * (1 + np.tanh(SLOPE * (x + CUBIC * x**3))) / 2
    else:
        out = x * (1 + _erf(x / np.sqrt(2).astype(dtype))) / 2
    # END SOLUTION
    return out, Cache("gelu_forward", x, approximate)


def gelu_backward(dout: np.ndarray, cache: Cache) -> np.ndarray:
    """Gradient of GELU: dx = dout * (Φ(x) + x * Φ'(x)).

    Exactly, Φ'(x) = exp(-x²/2)/√(2π); of the tanh form, (1 - tanh²(u)) * u'(x) / 2 with u = √(2/π) (x + 0.044715 x³).

    - dout: upstream gradient, of the shape of x
    - cache: from gelu_forward

    Returns dx, of the shape of x.
    Raises TypeError for a cache of another layer, ValueError for a dout of another shape.
    """
    x, approximate = open_cache(cache, "gelu_forward")
    (dout,) = cast(check_dout(dout, x.shape, "like x", x.dtype), dout)
    # BEGIN SOLUTION
    if approximate == "tanh":
        tanh = np.tanh(SLOPE * (x + CUBIC * x**3))
        phi = (1 + tanh) / 2
        dphi = (1 - tanh**2) * SLOPE * (1 + 3 * CUBIC * x**2) / 2
    else:
        phi = (1 + _erf(x / np.sqrt(2).astype(x.dtype))) / 2
        dphi = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi).astype(x.dtype)
    dx = dout * (phi + x * dphi)
    # END SOLUTION
    return dx


def _erf(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf  # only here, for it takes as long to import as all of convkit

    return erf(x)


GELU = Layer(
    name="gelu",
    forward=gelu_forward,
    backward=gelu_backward,
    arguments=("x", "approximate"),
    learnable=(),
    shape=same_shape,
    cases=(
        Case("vectors, exact", {"x": (4, 5)}, {"approximate": "none"}),
        Case("vectors, tanh form", {"x": (4, 5)}, {"approximate": "tanh"}),
        Case("images, exact", {"x": (2, 3, 4, 5)}, {"approximate": "none"}),
        Case("images, tanh form", {"x": (2, 3, 4, 5)}, {"approximate": "tanh"}),
        Case("whole numbers", {"x": (3, 7)}, {"approximate": "none"}, values="ties"),
        Case("no samples at all", {"x": (0, 3)}, {"approximate": "none"}, "empty batch"),
    ),
)
