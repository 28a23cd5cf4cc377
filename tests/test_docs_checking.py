"""The page about wrong backward passes shows what the checker prints today, on the command line and in pytest."""

import importlib.util
import re
from pathlib import Path

import pytest

from convkit.sandbox.check_file import check_file

DOCS = Path(__file__).parents[1] / "docs"
WRONG = {  # file -> layer and part that must be blamed
    "accumulation": ("conv", "dx"),
    "padding": ("conv", "dx"),
    "ties": ("max_pool", "dx"),
    "variance": ("batchnorm", "dx"),
    "in_place": ("relu", "inputs"),
}


def numbers_rounded(text):
    """The text with three significant digits: the last ones differ between versions of NumPy and its BLAS."""
    return re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda m: f"{float(m[0]):.3g}", text)


def test_the_page_is_not_stale():
    spec = importlib.util.spec_from_file_location("make_checking", DOCS / "make_checking.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    now = (DOCS / "checking.md").read_text(encoding="utf-8")
    assert numbers_rounded(now) == numbers_rounded(make.render()), "run python docs/make_checking.py"


@pytest.mark.parametrize("name", WRONG)
def test_the_five_are_blamed_and_named(name):
    report, _ = check_file(DOCS / "wrong_layers" / f"{name}.py")
    layer, part = WRONG[name]
    wrong = [result for result in report.results if result.status == "wrong"]
    assert {(r.layer, r.part) for r in wrong} == {(layer, part)}
    assert len(report.findings) == 1, str(report)
    assert (report.findings[0].layer, report.findings[0].blames) == (layer, part)


def test_they_are_wrong_in_nothing_else(tmp_path):
    """The one line that the page gives for each makes it right."""
    page = (DOCS / "checking.template.md").read_text(encoding="utf-8")
    mended = {
        "accumulation": ("dx_pad[n, :, rows, columns] = ", "dx_pad[n, :, rows, columns] += "),
        "padding": ("[:, :, pad:-pad, pad:-pad]", "[:, :, pad : pad + H, pad : pad + W]"),
        "ties": (
            "dx[n, c, rows, columns] += dout[n, c, i, j] * (window == np.max(window))",
            "first = np.unravel_index(np.argmax(window), window.shape)\n"
            "                    dx[n, c, rows, columns][first] += dout[n, c, i, j]",
        ),
        "variance": (
            "(dx_hat - np.mean(dx_hat, axis=0)) / std",
            "(dx_hat - np.mean(dx_hat, axis=0) - x_hat * np.mean(dx_hat * x_hat, axis=0)) / std",
        ),
        "in_place": ("dx = dout\n    dx[x <= 0] = 0\n", "dx = dout * (x > 0)\n"),
    }
    for name, (wrong, right) in mended.items():
        source = (DOCS / "wrong_layers" / f"{name}.py").read_text(encoding="utf-8")
        assert source.count(wrong) == 1
        assert right.strip() in page
        path = tmp_path / "my_layers.py"
        path.write_text(source.replace(wrong, right), encoding="utf-8")
        report, _ = check_file(path)
        assert report.ok, str(report)
