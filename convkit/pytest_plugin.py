"""The pytest plugin that comes with convkit.

pytest --layers my_layers.py          runs every check of that module as a test, and nothing else
pytest --layers my_layers.py tests/   runs them beside the tests in tests/
def test_mine(gradcheck): ...         gradcheck(forward, backward, *arguments) fails with a report of the gradients
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --layers and --layers-full to pytest's options."""
    group = parser.getgroup("convkit")
    group.addoption(
        "--layers",
        action="append",
        default=[],
        metavar="MODULE",
        help="check a module of layers (a path or a module name) against the reference; may be given several times",
    )
    group.addoption(
        "--layers-full",
        action="store_true",
        help="with --layers: what goes beyond the assignments (dilation, groups, ...) must be right too",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Without test files on the command line, --layers checks the layers alone."""
    if config.getoption("--layers") and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the checks of the modules named by --layers."""
    for source in config.getoption("--layers"):
        collector = LayersModule.from_parent(session, name=str(source))
        items.extend(collector.collect())


class LayersModule(pytest.Collector):
    """A module of layers as pytest sees it: its tests are its checks."""

    def collect(self) -> Iterator[pytest.Item]:
        """The checks of the module; a usage error if it cannot be loaded or holds nothing to check."""
        from convkit.checks import checks_of
        from convkit.load_layers import LayersError, load_layers

        folder = str(self.config.invocation_params.dir)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        try:
            module = load_layers(self.name)
        except LayersError as error:
            raise pytest.UsageError(f"--layers {self.name}: {error}") from None
        found = False
        for check in checks_of(module):
            found = True
            yield LayerCheck.from_parent(self, name=check.name, check=check)
        if not found:
            from convkit.check_report import CheckReport

            raise pytest.UsageError(f"--layers {self.name}: {CheckReport(module.__name__, ()).summary()}")


class LayerCheck(pytest.Item):
    """One check of a layer as a test."""

    def __init__(self, *, check: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.check = check

    def runtest(self) -> None:
        """Run the check; unsupported extras are skipped with the reason."""
        from convkit.checks import CheckFailure, run_check

        result = run_check(self.check, self.config.getoption("--layers-full"))
        if result.status == "not supported":
            pytest.skip(f"{result.beyond} is not supported: {result.message}")
        if result.status != "right":
            raise CheckFailure(f"{result.status}: {result.message}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The message alone; the traceback would show convkit's own code."""
        from convkit.checks import CheckFailure

        if isinstance(excinfo.value, CheckFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where the check stands, for pytest's headings."""
        return self.path, None, self.name


@pytest.fixture
def gradcheck() -> Callable[..., Any]:
    """gradcheck(forward, backward, *arguments): fails unless backward fits forward; see convkit.gradient_check."""

    def check(forward: Callable, backward: Callable, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        from convkit.gradient_check import check_gradient

        report = check_gradient(forward, backward, *arguments, **options)
        if not report.ok:
            pytest.fail(f"backward does not fit forward\n{report}", pytrace=False)
        return report

    return check
