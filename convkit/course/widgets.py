"""Pictures that move with sliders: interactive where ipywidgets is installed, else a still picture and its settings.

    play(draw, stride=(1, 3), pad=(0, 2))    draw(stride=..., pad=...) returns a figure

Each setting is a range of whole numbers (low, high) or (low, high, first), a list of choices, or True or False.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from convkit.course.show import show
from convkit.surroundings import in_notebook

STILL = "Install ipywidgets to move sliders here; until then, call the function with other numbers:"


def play(draw: Callable, **settings: Any) -> None:
    """Show what a function draws, with a slider or a menu for each of its arguments.

    - draw: called with one value for each setting; returns a matplotlib figure, or None after printing
    - settings: (low, high) or (low, high, first) for whole numbers, a list of choices, a bool

    Where ipywidgets is missing, or this is no notebook, the picture is shown once, for the first values.
    Raises ValueError for a setting that is none of these.
    """
    first = {name: _first(name, value) for name, value in settings.items()}
    if find_spec("ipywidgets") is None or not in_notebook():
        _show_figure(draw(**first))
        print(f"{STILL} {getattr(draw, '__name__', 'draw')}({', '.join(f'{k}={v!r}' for k, v in first.items())})")
        return
    import ipywidgets

    controls = {name: _control(ipywidgets, name, value) for name, value in settings.items()}
    output = ipywidgets.interactive_output(lambda **values: _show_figure(draw(**values)), controls)
    show(ipywidgets.HBox(list(controls.values()), layout=ipywidgets.Layout(flex_flow="row wrap")), output)


def _show_figure(figure: Any) -> None:
    if figure is not None:  # it has printed
        show(figure)


def _first(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, list) and value:
        return value[0]
    if isinstance(value, tuple) and len(value) in (2, 3) and all(isinstance(v, int) for v in value):
        return value[-1] if len(value) == 3 else value[0]
    raise ValueError(f"{name} must be (low, high), (low, high, first), a list of choices, or a bool, got {value!r}")


def _control(ipywidgets: Any, name: str, value: Any) -> Any:
    first, style = _first(name, value), {"description_width": "initial"}
    if isinstance(value, bool):
        return ipywidgets.Checkbox(value=first, description=name, style=style)
    if isinstance(value, list):
        return ipywidgets.Dropdown(options=value, value=first, description=name, style=style)
    low, high = value[:2]
    return ipywidgets.IntSlider(first, low, high, description=name, style=style, continuous_update=False)
