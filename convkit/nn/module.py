"""What a module is: a part of a network that knows its parameters' shapes, and how to go forward and backward."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from math import prod
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from convkit import ops
from convkit.classifiers.base import network_dtype, whole_numbers
from convkit.contracts import short
from convkit.weight_decay import WeightDecay

Shape = tuple[int, ...]
Params = dict[str, np.ndarray]


class Node(NamedTuple):
    """One step of a network's computation, as Module.nodes lists them.

    - name: dotted name of the module in the network, 'block1.conv1'; its parameters' names begin with it
    - module: the leaf module; Add or Concat where the branches of a Residual or Parallel come together
    - inputs: names of the nodes whose outputs it takes; 'input' is the network's own input
    - in_shapes, out_shape: shapes of one sample, without N
    - param_shapes: shape of each of its parameters, by their names in the module ('w', 'b')
    """

    name: str
    module: Module
    inputs: tuple[str, ...]
    in_shapes: tuple[Shape, ...]
    out_shape: Shape
    param_shapes: dict[str, Shape]

    @property
    def num_params(self) -> int:
        """How many numbers its parameters have."""
        return sum(map(prod, self.param_shapes.values()))


class Module:
    """A part of a network. It holds settings and, if it has any, state; its parameters are handed to it.

    A module of your own derives from this class and defines three methods:
    - init(shape, rng, dtype) -> (params, out_shape): draws its parameters, a flat dict of arrays by name, for samples
      of this shape (without N); also says what shape comes out
    - forward(params, x, train) -> (out, cache): for a batch x (N, *shape); train says whether this is training
    - backward(dout, cache) -> (dx, grads): gradients of x and, by the same names, of the parameters
    and better also shapes(shape) -> (param_shapes, out_shape), which by default draws parameters to look at them.
    All else follows: nodes, parameter counts, use inside Sequential, Residual and Parallel, training.

    - children: the modules inside, by name; empty for a leaf
    - settings: what it was made with, by name
    - state: arrays that are no parameters and live as long as the module (running averages), by name
    - decayed: names of those of its own parameters that weight decay shrinks
    """

    children: Mapping[str, Module] = MappingProxyType({})
    decayed: tuple[str, ...] = ()
    # The rank of a sample that it takes, as text for messages: '(C, H, W)', '(D,)'; '' for any.
    axes: str = ""

    @property
    def kind(self) -> str:
        """Name of its class: 'Conv'."""
        return type(self).__name__

    @property
    def settings(self) -> dict[str, Any]:
        """What it was made with, by name."""
        if not dataclasses.is_dataclass(self):
            return {}
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @property
    def state(self) -> dict[str, np.ndarray]:
        """Its own state (not its children's), the dict itself: empty for modules that remember nothing."""
        return self.__dict__.setdefault("_state", {})

    def init(self, shape: Shape, rng: Any = None, dtype: Any = np.float32) -> tuple[Params, Shape]:
        """Draw parameters, and begin the state anew.

        - shape: of one sample, without N: (C, H, W) or (D,)
        - rng: numpy.random.Generator, or a seed for one, or None: seeded from NumPy's global random state
        - dtype: np.float32 or np.float64, of the parameters

        Returns (params, out_shape): a flat dict of arrays with dotted names, and the shape of one sample of the output.
        Raises ValueError, naming the layer, what comes in and what it expects, for a shape that does not fit.
        """
        raise NotImplementedError(f"{self.kind} must define init(shape, rng, dtype)")

    def forward(self, params: Params, x: np.ndarray, train: bool = False) -> tuple[np.ndarray, Any]:
        """Run it on a batch.

        - params: dict from init
        - x: batch (N, *shape)
        - train: True in training (dropout drops, batch normalization uses the batch's statistics and notes them)

        Returns (out, cache): out (N, *out_shape), and a cache for backward.
        Raises ValueError or TypeError, naming the layer, for what does not fit.
        """
        raise NotImplementedError(f"{self.kind} must define forward(params, x, train)")

    def backward(
        self, dout: np.ndarray, cache: Any, needs_dx: bool = True, weight_decay: WeightDecay | None = None
    ) -> tuple[Any, Params]:
        """Gradients for dout, of the shape of out.

        - needs_dx: False where nobody will use dx, as at a network's input; it may be None then
        - weight_decay: what may be added to the gradients on the way, see convkit.weight_decay

        A module of your own need not have the last two arguments.

        Returns (dx, grads): dx of the shape of x, grads with the names of params.
        """
        raise NotImplementedError(f"{self.kind} must define backward(dout, cache)")

    def apply(self, params: Params, x: np.ndarray) -> np.ndarray:
        """The output in test mode; as forward, but nothing is kept for a backward pass."""
        return self.forward(params, x, False)[0]

    def shapes(self, shape: Shape) -> tuple[dict[str, Shape], Shape]:
        """(shape of each parameter by name, shape of the output) for samples of this shape; nothing is drawn."""
        params, out_shape = self.init(shape, np.random.default_rng(0))
        return {name: array.shape for name, array in params.items()}, out_shape

    def out_shape(self, shape: Shape) -> Shape:
        """Shape of one sample of the output."""
        return self.shapes(shape)[1]

    def num_params(self, shape: Shape) -> int:
        """How many numbers all parameters have; counted from their shapes."""
        return sum(map(prod, self.shapes(shape)[0].values()))

    def nodes(self, shape: Shape) -> list[Node]:
        """The steps of the computation in the order in which they run, the last one giving the output; see Node."""
        return self._nodes(check_sample_shape(shape), "input", "")[0]

    def _nodes(self, shape: Shape, source: str, path: str) -> tuple[list[Node], str, Shape]:
        """The nodes, the name of the one that gives the output, and its shape."""
        param_shapes, out_shape = self.shapes(shape)
        name = path or self.kind.lower()
        return [Node(name, self, (source,), (shape,), out_shape, param_shapes)], name, out_shape

    def outputs(self, params: Params, x: np.ndarray, train: bool = False) -> dict[str, np.ndarray]:
        """What every node puts out for a batch, by the node's name, in order; nothing is fused."""
        found: dict[str, np.ndarray] = {}
        self._outputs(params, x, train, "", found)
        return found

    def _outputs(self, params: Params, x: np.ndarray, train: bool, path: str, found: dict) -> np.ndarray:
        out = self.forward(params, x, train)[0]
        found[path or self.kind.lower()] = out
        return out

    def walk(self, path: str = "") -> Iterator[tuple[str, Module]]:
        """(dotted name, module) of itself, under the name '', and of all modules inside, parents first."""
        yield path, self
        for name, child in self.children.items():
            yield from child.walk(f"{path}.{name}" if path else name)

    def __getitem__(self, path: str) -> Module:
        """The module of this dotted name, as in net['block1.conv1']."""
        module: Module = self
        for name in path.split(".") if isinstance(path, str) else [path]:
            if name not in module.children:
                found = ", ".join(module.children) or "none"
                raise KeyError(f"there is no module {short(path)}: {module.kind} has the modules {found}")
            module = module.children[name]
        return module

    def decays(self, name: str) -> bool:
        """Whether weight decay shrinks the parameter of this dotted name: weights yes, biases and norms no."""
        head, _, rest = name.partition(".")
        return self.children[head].decays(rest) if head in self.children else name in self.decayed

    def get_state(self) -> dict[str, np.ndarray]:
        """Copies of all state, its own and that of the modules inside, by dotted name."""
        return {
            f"{path}.{name}" if path else name: array.copy()
            for path, module in self.walk()
            for name, array in module.state.items()
        }

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Put back what get_state returned, as copies; ValueError, and nothing changed, if it is another network's."""
        modules = dict(self.walk())
        new: dict[str, dict[str, np.ndarray]] = {path: {} for path in modules}
        for full_name, array in state.items():
            path, _, name = full_name.rpartition(".")
            if path not in modules or name not in modules[path].state_names:
                raise ValueError(f"state has {full_name!r}, for which this network has no place")
            new[path][name] = np.array(array)
        for path, module in modules.items():
            prefix = f"{path}." if path else ""
            missing = [name for name in module.state_names if name not in new[path]]
            if missing and (module.state or new[path]):
                raise ValueError(f"state lacks {prefix + missing[0]!r}")
            for name, array in module.state.items():
                found = new[path][name]
                if found.shape != array.shape or found.dtype != array.dtype:
                    wrong = f"{array.dtype} of shape {array.shape}, got {found.dtype} of shape {found.shape}"
                    raise ValueError(f"state[{prefix + name!r}] must be {wrong}")
        for path, module in modules.items():
            module.state.clear()
            module.state.update(new[path])

    # Names that its state may have.
    state_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """As it was made: Conv(32, 3, pad=1); what is at its default is left out."""
        if not dataclasses.is_dataclass(self):
            return f"{self.kind}()"
        shown = []
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.default is dataclasses.MISSING:
                shown.append(repr(value))
            elif value is not field.default and value != field.default:
                shown.append(f"{field.name}={value!r}" if not callable(value) else f"{field.name}={value.__name__}")
        return f"{self.kind}({', '.join(shown)})"


def go_back(
    module: Module, dout: np.ndarray, cache: Any, needs_dx: bool, weight_decay: WeightDecay | None
) -> tuple[Any, Params]:
    """module.backward, with those of the last two arguments that it knows."""
    return module.backward(dout, cache, **ops.extras(type(module).backward, needs_dx, weight_decay))


def check_sample_shape(shape: Any) -> Shape:
    """The shape of one sample as a tuple of ints of 1 or more; TypeError or ValueError for anything else."""
    sizes = tuple(whole_numbers("shape", shape, 1))
    if not sizes:
        raise ValueError("shape must have at least one axis, (C, H, W) or (D,), got ()")
    return sizes


def as_generator(rng: Any) -> np.random.Generator:
    """A random generator from a Generator, a seed, or None: seeded from NumPy's global random state."""
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None:
        # so that np.random.seed makes a run repeatable, as with the networks written out by hand
        return np.random.default_rng(np.random.randint(0, 2**32, size=4, dtype=np.uint32))
    if isinstance(rng, (bool, np.bool_)) or not isinstance(rng, (int, np.integer)) or rng < 0:
        raise TypeError(f"rng must be a numpy.random.Generator, a seed (0 or more) or None, got {short(rng)}")
    return np.random.default_rng(int(rng))


def as_dtype(dtype: Any) -> type:
    """np.float32 or np.float64; TypeError for anything else."""
    return network_dtype(dtype)


def batch(shape: Shape) -> str:
    """The shape of a batch of such samples, as text: '(N, 3, 32, 32)'."""
    return f"({', '.join(['N', *map(str, shape)])})" if shape else "(N,)"


def located(error: Exception, name: str) -> Exception:
    """The same error, saying in which module it came up: 'block1.conv1: Conv(64, 3) expects ...'."""
    inner, text = getattr(error, "where", ""), getattr(error, "text", str(error))
    where = f"{name}.{inner}" if inner else name
    found: Any = (TypeError if isinstance(error, TypeError) else ValueError)(f"{where}: {text}")
    found.where, found.text = where, text
    found.__cause__ = error.__cause__ if inner else error
    return found
