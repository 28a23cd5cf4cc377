"""ONNX's own node tests, computed by the reference, the NumPy and the compiled layers."""

import numpy as np
import pytest
from onnx_cases import OPERATORS, NotMapped, cases, run

CASES = cases()
# The loops of the reference need so long for more.
LARGEST_FOR_NAIVE = 5_000
PRINTED_WITH_FOUR_DIGITS = {"test_averagepool_2d_ceil_last_window_starts_on_pad"}


def is_mapped(case):
    try:
        run(case, "fast")
    except NotMapped:
        return False
    return True


MAPPED = [case for case in CASES if is_mapped(case)]


@pytest.mark.parametrize("implementation", ["naive", "numpy", "fast"])
@pytest.mark.parametrize("case", MAPPED, ids=lambda case: case.name)
def test_node(case, implementation):
    if implementation == "naive" and case.inputs[0].size > LARGEST_FOR_NAIVE:
        pytest.skip("too large for loops in Python")
    outputs = run(case, implementation)
    assert len(outputs) == len(case.outputs)
    for found, expected in zip(outputs, case.outputs, strict=True):
        assert found.shape == expected.shape
        assert found.dtype == expected.dtype
        rtol = 1e-3 if case.name in PRINTED_WITH_FOUR_DIGITS else 1e-5  # onnx's own is 1e-3 for all
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-6)


def test_every_operator_has_cases_and_only_resize_has_some_that_are_no_layer():
    assert {case.node.op_type for case in MAPPED} == set(OPERATORS)
    left_out = {case.name for case in CASES} - {case.name for case in MAPPED}
    assert all(name.startswith("test_resize_") for name in left_out)
    by_whole_numbers = {"test_resize_upsample_scales_nearest", "test_resize_upsample_scales_nearest_axes_2_3"}
    assert by_whole_numbers | {"test_resize_upsample_scales_nearest_axes_3_2"} <= {case.name for case in MAPPED}
