"""The switch: which implementation runs, for how long, for whom."""

import asyncio
import threading
import types

import numpy as np
import pytest

import convkit
from convkit import fast_layers, layers, numpy_layers, ops, optim, use
from convkit.layers import LAYERS

REFERENCE = "convkit.layers.conv"
FAST = getattr(fast_layers, "IMPLEMENTATION", fast_layers).__name__


@pytest.fixture(autouse=True)
def _default_afterwards(monkeypatch):
    monkeypatch.setattr(ops, "_statements", [])


def module(name, source):
    made = types.ModuleType(name)
    exec(f"import numpy as np\n{source}", made.__dict__)
    return made


def relu_module(name, factor):
    """A ReLU whose output and gradient tell which module it comes from."""
    return module(
        name,
        f"def relu_forward(x): return {factor} * np.maximum(0, x), (x, {factor})\n"
        "def relu_backward(dout, cache):\n    x, factor = cache\n    return factor * dout * (x > 0)\n",
    )


def where(layer="conv"):
    return ops.current(layer).module


def test_the_default_is_the_first_that_defines_the_pair():
    assert where("conv") == where("max_pool") == FAST
    assert where("relu") == ("convkit.layers.activations" if FAST == "convkit.numpy_layers" else FAST)
    assert where("dropout") == "convkit.layers.dropout"


def test_a_statement_holds_for_the_whole_process():
    use(numpy_layers)
    assert where() == "convkit.numpy_layers"
    found = []
    thread = threading.Thread(target=lambda: found.append(where()))
    thread.start()
    thread.join()
    assert found == ["convkit.numpy_layers"]
    use()
    assert where() == REFERENCE
    use(fast_layers, numpy_layers)
    assert where() == FAST


def test_a_block_holds_inside_and_ends_with_an_error():
    with use(numpy_layers):
        assert where() == "convkit.numpy_layers"
        with use():
            assert where() == REFERENCE
        assert where() == "convkit.numpy_layers"
    assert where() == FAST
    with pytest.raises(RuntimeError), use():
        raise RuntimeError
    assert where() == FAST


def test_a_statement_inside_a_block_acts_after_it():
    with use(numpy_layers):
        use()
        assert where() == "convkit.numpy_layers"
    assert where() == REFERENCE


def test_one_object_may_be_entered_twice_and_by_several_threads():
    block = use(numpy_layers)
    with block:
        with block:
            assert where() == "convkit.numpy_layers"
        assert where() == "convkit.numpy_layers"
    assert where() == FAST
    barrier, found = threading.Barrier(3), []

    def enter():
        with block:
            barrier.wait()
            found.append(where())
            barrier.wait()
        found.append(where())

    threads = [threading.Thread(target=enter) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(["convkit.numpy_layers"] * 3 + [FAST] * 3)


def test_a_block_is_of_its_thread_and_task_only():
    found = {}
    with use():
        thread = threading.Thread(target=lambda: found.update(thread=where()))
        thread.start()
        thread.join()
    assert found == {"thread": FAST}

    async def task(name, *modules):
        with use(*modules):
            await asyncio.sleep(0.01)
            found[name] = where()
            await asyncio.sleep(0.01)

    async def main():
        await asyncio.gather(task("reference"), task("numpy", numpy_layers), task("fast", fast_layers))
        found["outside"] = where()

    asyncio.run(main())
    assert found | {"thread": 0} == {
        "thread": 0,
        "reference": REFERENCE,
        "numpy": "convkit.numpy_layers",
        "fast": FAST,
        "outside": FAST,
    }


def test_the_backward_of_the_forward_runs_whatever_is_said_meanwhile():
    x = np.array([[-1.0, 2.0]])
    use(relu_module("double", 2))
    out, step = ops.forward("relu", x)
    use(relu_module("triple", 3))
    np.testing.assert_array_equal(out, [[0, 4]])
    np.testing.assert_array_equal(ops.backward(np.ones((1, 2)), step), [[0, 2]])


def test_half_a_pair_does_not_count():
    half = module("half", "def conv_forward(*a): pass\ndef relu_forward(x): pass\ndef relu_backward_fast(*a): pass")
    assert ops.implemented_layers(half) == []
    with pytest.raises(ValueError, match="module half defines no layer"):
        use(half)
    pair = "def relu_forward(x): pass\ndef relu_backward(dout, cache): pass"
    both = module("both", f"def conv_forward(*a): pass\n{pair}")
    use(both, numpy_layers)
    assert where("relu") == "both"
    assert where("conv") == "convkit.numpy_layers"


def test_what_a_star_import_brings_is_not_the_modules_own():
    student = module("student", "from convkit.layers import *\nfrom convkit.fast_layers import *")
    assert hasattr(student, "conv_forward_naive")
    assert hasattr(student, "conv_forward_fast")
    assert ops.implemented_layers(student) == []
    with pytest.raises(ValueError, match="not imported"):
        use(student)
    pair = "def relu_forward(x): pass\ndef relu_backward(dout, cache): pass"
    mixed = module("mixed", f"from convkit.layers import *\n{pair}")
    assert ops.implemented_layers(mixed) == ["relu"]


@pytest.mark.parametrize("suffix", ["", "_naive", "_fast", "_numpy"])
def test_every_ending_is_found_but_only_whole(suffix):
    named = module("named", f"def affine_forward{suffix}(*a): pass\ndef affine_backward{suffix}(*a): pass")
    assert ops.implementation_in(named, "affine").forward is vars(named)[f"affine_forward{suffix}"]
    assert ops.implemented_layers(named) == ["affine"]


def test_a_loss_is_one_function():
    mine = module("mine", "def softmax_loss(x, y): return np.float64(7), 0 * x")
    with use(mine):
        assert ops.loss("softmax_loss", np.ones((2, 3)), np.zeros(2, int))[0] == 7
    with pytest.raises(ValueError, match="softmax_loss is a loss: call loss"):
        ops.forward("softmax_loss", np.ones((2, 3)), np.zeros(2, int))
    with pytest.raises(ValueError, match="relu is not a loss"):
        ops.loss("relu", np.ones((2, 3)), np.zeros(2, int))


def test_a_package_defines_what_its_modules_define(monkeypatch):
    package, inside = types.ModuleType("my_package"), relu_module("my_package.relu", 2)
    package.relu_forward, package.relu_backward = inside.relu_forward, inside.relu_backward
    with pytest.raises(ValueError, match="module my_package defines no layer"):
        use(package)  # no package: its names come from another module
    package.__path__ = []
    use(package)
    assert where("relu") == "my_package"
    package.conv_forward, package.conv_backward = numpy_layers.conv_forward_numpy, numpy_layers.conv_backward_numpy
    assert where("conv") == REFERENCE
    use(layers)
    assert where("conv") == "convkit.layers"


def test_wrong_arguments_are_refused():
    for bad in (None, "fast_layers", 3, LAYERS, np.maximum):
        with pytest.raises(TypeError, match=r"modules must be modules, such as convkit.fast_layers; got"):
            use(bad)
    with pytest.raises(ValueError, match=r"module convkit.optim defines no layer.*name no module: use\(\)"):
        use(optim)
    with pytest.raises(ValueError, match=r"layer must be one of affine, relu, conv.*got 'convolution'"):
        ops.current("convolution")
    with pytest.raises(TypeError, match=r"step must be what forward returned .*, got None"):
        ops.backward(np.ones(2), None)
    assert where() == FAST  # none of it left a trace


def test_it_says_what_it_is():
    assert repr(use(numpy_layers, fast_layers)) == f"use(convkit.numpy_layers, {FAST})"
    assert repr(use()) == "use()"
    assert convkit.current is ops.current


def test_blocks_do_not_pile_up():
    for _ in range(200):
        with use(numpy_layers):
            pass
        use(numpy_layers)
    assert len(ops._statements) <= 64
    assert where() == "convkit.numpy_layers"
