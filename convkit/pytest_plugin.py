"""The pytest plugin that comes with convkit.

pytest --layers my_layers.py          runs every check of that module as a test, and nothing else
pytest --layers my_layers.py tests/   runs them beside the tests in tests/
def test_mine(gradcheck): ...         gradcheck(forward, backward, *arguments) fails with a report of the gradients

The checks of a module run in a process of their own, under limits: one that loops for ever, takes all the memory or
makes Python crash fails alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --layers and what goes with it to pytest's options."""
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
    group.addoption(
        "--layers-hint",
        type=int,
        choices=(1, 2, 3),
        default=1,
        help="with --layers: how much a failure gives away: a question, where to look, nearly the code (default: 1)",
    )
    group.addoption(
        "--layers-time-limit",
        default="10",
        metavar="SECONDS",
        help="with --layers: what one check may take, or none (default: 10)",
    )
    group.addoption(
        "--layers-memory-limit",
        default="1024",
        metavar="MB",
        help="with --layers: what one check may take, or none (default: 1024; Linux only)",
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


def _limits(config: pytest.Config) -> Any:
    from convkit.sandbox import Limits

    given: list[float | None] = []
    for option, kind in (("--layers-time-limit", float), ("--layers-memory-limit", int)):
        text = config.getoption(option)
        try:
            given.append(None if text == "none" else kind(text))
            Limits(*given)
        except ValueError as error:
            raise pytest.UsageError(f"{option} {text}: {error}") from None
    return Limits(*given)


class LayersModule(pytest.Collector):
    """A module of layers as pytest sees it: its tests are its checks."""

    def collect(self) -> Iterator[pytest.Item]:
        """The checks of the module; a failing test if it cannot be loaded; a usage error if there is none to check."""
        from convkit.load_layers import LayersError, LayersNotFound
        from convkit.sandbox import Session

        folder, full = str(self.config.invocation_params.dir), self.config.getoption("--layers-full")
        checks = Session(self.name, None, full, _limits(self.config), folder=folder, relative_to=folder)
        self.config.add_cleanup(checks.close)
        try:
            keys = checks.load()
        except LayersNotFound as error:
            raise pytest.UsageError(f"--layers {self.name}: {error}") from None
        except LayersError as error:
            yield LoadingFailed.from_parent(self, name=f"{self.name} can be loaded", why=str(error))
            return
        for key in keys:
            yield LayerCheck.from_parent(self, name=_name(key), key=key, checks=checks)
        if not keys:
            from convkit.check_report import CheckReport

            raise pytest.UsageError(f"--layers {self.name}: {CheckReport(checks.module, ()).summary()}")


def _name(key: str) -> str:
    from convkit.sandbox.wire import parts_of

    layer, part, case, _ = parts_of(key)
    return f"{layer} {part}: {case}"


class _OurItem(pytest.Item):
    """A test that is no function of a test file; its failure is a message, without a traceback of convkit's code."""

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The message alone."""
        from convkit.checks import CheckFailure

        if isinstance(excinfo.value, CheckFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where the check stands, for pytest's headings."""
        return self.path, None, self.name


class LoadingFailed(_OurItem):
    """The one test of a module that cannot be loaded; it fails."""

    def __init__(self, *, why: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.why = why

    def runtest(self) -> None:
        """Say why."""
        from convkit.checks import CheckFailure

        raise CheckFailure(f"your layers cannot be loaded: {self.why}")


class LayerCheck(_OurItem):
    """One check of a layer as a test."""

    def __init__(self, *, key: str, checks: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.key, self.checks = key, checks

    def runtest(self) -> None:
        """Run the check; unsupported extras are skipped with the reason."""
        from convkit.checks import CheckFailure

        result, prints = self.checks.run(self.key)
        if prints:
            self.add_report_section("call", "prints", prints)
        if result.status == "not supported":
            pytest.skip(f"{result.beyond} is not supported: {result.message}")
        if result.status != "right":
            raise CheckFailure(result.text(self.config.getoption("--layers-hint")))


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
