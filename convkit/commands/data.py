"""convkit data: which data sets there are and where, and how they come here."""

from __future__ import annotations

import argparse
import os
import textwrap
import warnings
from pathlib import Path

from convkit.commands.errors import CommandError
from convkit.data import cache_folder, download_folder, fetch, list_datasets
from convkit.data.where import named_folder


def run_list(options: argparse.Namespace) -> int:
    """Print every data set with its place on this machine."""
    for row in list_datasets():
        place = f"here: {row.where}" if row.where else f"not here: {row.how}"
        if row.how == "comes with convkit":
            place = f"here: {row.how}"
        print(row.name)
        for line in (f"{row.what}; {row.size}", f"licence: {row.licence}", place):
            print(_indented(line))
    print(f"\nDownloads go to {download_folder()}.")
    if named_folder() is None:
        print("The environment variable CONVKIT_DATA can name another folder.")
    return 0


def run_fetch(options: argparse.Namespace) -> int:
    """Download a data set."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            folder = fetch(options.name, options.to, progress=True)
    except (OSError, ValueError) as error:
        raise CommandError(str(error)) from error
    print(f"{options.name} is in {folder}")
    for warning in caught:
        print(_indented(f"note: {warning.message}"))
    if options.to is not None and not _looked_at(Path(folder)):
        print(f"To train on it: convkit train --data {options.name} --data-dir {folder}")
        print("(or let the environment variable CONVKIT_DATA name the folder that holds it)")
    return 0


def _looked_at(folder: Path) -> bool:
    roots = [root.resolve() for root in (named_folder(), cache_folder()) if root is not None]
    return any(root in folder.resolve().parents for root in roots)


def _indented(line: str) -> str:
    # paths are left whole, for copying
    if os.sep in line:
        return f"    {line}"
    return textwrap.fill(line, 80, initial_indent="    ", subsequent_indent="    ")
