"""A progress bar for what takes longer than a second."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from convkit.surroundings import progress_is_seen

Item = TypeVar("Item")


def with_progress(items: Sequence[Item], unit: str, show: bool | None = None) -> Iterable[Item]:
    """The items, with a bar past the first second: on standard error, or as a widget of the notebook.

    - show: True, False, or None: on a terminal and in a notebook
    """
    if show is None:
        show = progress_is_seen()
    if not show:
        return items
    from convkit.callbacks import tqdm_class

    return tqdm_class()(items, unit=unit, delay=1, leave=False)
