"""README's table of trained networks is what benchmarks/networks_report.py makes of the recorded runs."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RECORDS = sorted((ROOT / "benchmarks" / "networks").glob("*.json"))
pytestmark = pytest.mark.skipif(not RECORDS, reason="the recorded runs are in the clone only")


@pytest.fixture
def report():
    spec = importlib.util.spec_from_file_location("networks_report", ROOT / "benchmarks" / "networks_report.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_readme_is_that_of_the_records(report):
    records = {path.stem: json.loads(path.read_text()) for path in RECORDS}
    assert records.keys() == report.TITLES.keys()
    readme = (ROOT / "README.md").read_text().splitlines()
    for row in report.table({name: records[name] for name in report.TITLES}):
        assert row in readme


def test_the_picture_has_a_diagram_for_each(report):
    records = {path.stem: json.loads(path.read_text()) for path in RECORDS[:4]}
    axes = report.curves(records).axes
    assert [each.get_visible() for each in axes] == [True] * 4 + [False] * 2
    assert all(each.lines and each.get_xlabel() == "epoch" for each in axes[:4])
