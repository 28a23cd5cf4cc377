"""play(...): sliders in a notebook, and a picture with its settings wherever there are none."""

import sys

import pytest

from convkit.course import show, widgets
from convkit.course.widgets import play

SETTINGS = {"stride": (1, 3), "pad": (0, 2, 1), "mode": ["same", "valid"], "colour": False}


def pretend_notebook(monkeypatch):
    for module in (show, widgets):
        monkeypatch.setattr(module, "in_notebook", lambda: True)


@pytest.fixture
def drawn():
    """A drawing that notes what it is called with; the calls are in drawn.calls."""

    def draw(**settings):
        draw.calls.append(settings)

    draw.calls = []
    return draw


def test_without_ipywidgets_it_draws_once_and_says_with_what(drawn, monkeypatch, capsys):
    monkeypatch.setattr(widgets, "find_spec", lambda name: None)
    play(drawn, **SETTINGS)
    assert drawn.calls == [{"stride": 1, "pad": 1, "mode": "same", "colour": False}]
    out = capsys.readouterr().out
    assert "Install ipywidgets" in out
    assert "draw(stride=1, pad=1, mode='same', colour=False)" in out


def test_what_it_says_can_be_typed_in(drawn, monkeypatch, capsys):
    monkeypatch.setattr(widgets, "find_spec", lambda name: None)
    play(drawn, **SETTINGS)
    call = capsys.readouterr().out.split("other numbers: ")[1]
    exec(call, {"draw": drawn})
    assert drawn.calls[1] == drawn.calls[0]


def test_a_figure_is_displayed_in_a_notebook_without_ipywidgets(monkeypatch, capsys):
    pytest.importorskip("IPython", reason="pictures are displayed by IPython: pip install 'convkit[notebooks]'")
    shown = []
    monkeypatch.setattr(widgets, "find_spec", lambda name: None)
    pretend_notebook(monkeypatch)
    monkeypatch.setattr("IPython.display.display", shown.append)
    play(lambda size: f"a figure of size {size}", size=(3, 5))
    assert shown == ["a figure of size 3"]


def test_outside_of_a_notebook_there_are_no_sliders(drawn, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel", object())  # somebody has imported it
    play(drawn, **SETTINGS)
    assert len(drawn.calls) == 1


@pytest.mark.parametrize("value", [3, 1.5, "same", None, (), (1,), (1, 2, 3, 4), (0.5, 2), [], {"a": 1}])
@pytest.mark.parametrize("installed", [True, False])
def test_a_setting_of_another_kind_is_refused(drawn, monkeypatch, value, installed):
    monkeypatch.setattr(widgets, "find_spec", lambda name: object() if installed else None)
    with pytest.raises(ValueError, match="stride must be"):
        play(drawn, stride=value)
    assert drawn.calls == []


def test_with_ipywidgets_each_setting_has_its_control(drawn, monkeypatch):
    ipywidgets = pytest.importorskip("ipywidgets", reason="sliders need ipywidgets: pip install 'convkit[notebooks]'")
    shown = []
    pretend_notebook(monkeypatch)
    monkeypatch.setattr("IPython.display.display", lambda *each: shown.extend(each))
    play(drawn, **SETTINGS)
    slider, second, menu, box = shown[0].children
    assert (slider.min, slider.max, slider.value, second.value) == (1, 3, 1, 1)
    assert (menu.options, menu.value, box.value) == (("same", "valid"), "same", False)
    assert isinstance(slider, ipywidgets.IntSlider)
    slider.value = 3
    assert drawn.calls[-1] == {"stride": 3, "pad": 1, "mode": "same", "colour": False}
