"""convkit: understand convolutional networks by building one, then train it for real on your own machine.

convkit.layers           the reference layers, to read (LAYERS describes each)
convkit.fast_layers      their compiled twins; convkit.numpy_layers, the same in NumPy
convkit.use              which of them run: use(my_layers, fast_layers)
convkit.check_layers     does a module of layers, yours for instance, do what it should?
convkit.nn               networks as data: Sequential, Residual, Conv, Affine, ...; Classifier
convkit.classifiers      ThreeLayerConvNet, TwoLayerNet, FullyConnectedNet; LeNet-5, VGG, ResNet, ...
convkit.Solver           trains a model; convkit.optim holds the update rules
convkit.flush_denormals  for training loops of your own: numbers too small for full precision count as zero
convkit.data_utils       real images to train on
convkit.summary          the table of a network's layers; convkit.receptive_field, convkit.lint: see convkit.calculators
convkit.vis_utils        pictures of images, weights, training and trained networks
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from convkit.kernels.denormals import flush_denormals
from convkit.kernels.threads import get_num_threads, set_num_threads
from convkit.layers import LAYERS
from convkit.ops import current, use

if TYPE_CHECKING:
    from convkit.calculators import lint, receptive_field, summary
    from convkit.checks import check_layers
    from convkit.solver import Solver

__version__ = "0.1.0"
__all__ = [
    "LAYERS",
    "Solver",
    "__version__",
    "check_layers",
    "current",
    "flush_denormals",
    "get_num_threads",
    "lint",
    "receptive_field",
    "set_num_threads",
    "summary",
    "use",
]

# Loaded when they are first asked for, so that importing convkit takes no longer than importing NumPy.
_LAZY = {
    "Solver": "convkit.solver",
    "check_layers": "convkit.checks",
    "lint": "convkit.calculators",
    "receptive_field": "convkit.calculators",
    "summary": "convkit.calculators",
}
_MODULES = (
    "calculators",
    "checkpoint",
    "checks",
    "data_utils",
    "exchange",
    "fast_layers",
    "gradient_check",
    "initializers",
    "layer_utils",
    "nn",
    "numpy_layers",
    "optim",
    "schedules",
    "signals",
    "vis_utils",
)


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    if name in _MODULES:
        return import_module(f"convkit.{name}")
    raise AttributeError(f"module 'convkit' has no attribute {name!r}")
