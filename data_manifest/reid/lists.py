"""Lists with a label behind each name, ``dataset/bounding_box_train/NAME LABEL``.

Convention:
    Labels are numbers from 0 to the number of people - 1, as a classifier needs them. A path is
    looked for in the folder of the list, then in the folder above, where the first part of the
    path is the folder's own name.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from data_manifest.reid.reading import Pictures, Reading
from data_manifest.reid.tools import Verdict
from data_manifest.reid.view import View
from shared.errors import UsageError, problem
from shared.pictures import RefusedPictureError, content_of

READER: Final = "readers of lists"
ENDINGS: Final = (".list", ".lst", ".txt")
MAX_BYTES: Final = 1 << 30

NO_LABEL: Final = "a line that does not end in a blank and a label from 0 on"
LEADS_OUT: Final = "a path that leads out of the folder"
TWICE: Final = "a path that stands in the list twice"
GAPS: Final = "labels are not all numbers from 0 to the largest"

_LINE: Final = re.compile(r"(\S.*?)\s+([0-9]{1,9})", re.ASCII)


def list_files(folder: Path) -> list[Path]:
    """The lists in a folder, by name."""
    found = (path for path in folder.iterdir() if path.suffix in ENDINGS and not path.is_dir())
    return sorted(path for path in found if not path.name.startswith("."))


def read_lists(folder: Path) -> Reading:
    """Read every list of a folder.

    Raises:
        UsageError: There is none, or one cannot be read.
    """
    files = list_files(folder)
    if not files:
        expected = f"a list that ends in {', '.join(ENDINGS)}"
        raise UsageError(problem(folder, expected, "none", "choose another --layout"))
    view, pictures = View(READER), Pictures()
    for path in files:
        _read_list(path, view, pictures)
    return Reading([view], pictures.copies)


def _read_list(path: Path, view: View, pictures: Pictures) -> None:
    try:
        text = content_of(path, MAX_BYTES).decode("utf-8", "surrogateescape")
    except RefusedPictureError as refusal:
        remedy = "check the file"
        raise UsageError(problem(path, "a list that can be read", refusal, remedy)) from refusal
    part, known = path.name, set[str]()
    labels: set[int] = set()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            view.find(part, NO_LABEL, f"line {number}", breaks=True)
            continue
        name, label = match[1], int(match[2])
        labels.add(label)
        if name in known:
            view.find(part, TWICE, name, breaks=False)
        known.add(name)
        fault = _fault(path.parent, name, pictures)
        view.add(part, name, Verdict(fault=fault, breaks=True) if fault else _labelled(label))
    if labels and len(labels) <= max(labels):
        view.find(part, GAPS, breaks=True)


def _labelled(label: int) -> Verdict:
    return Verdict(f"label {label}", is_read=True)


def _fault(folder: Path, name: str, pictures: Pictures) -> str:
    parts = Path(name).parts
    if "\0" in name or Path(name).is_absolute() or ".." in parts:
        return LEADS_OUT
    here = folder / name
    if not os.path.lexists(here) and parts[:1] == (folder.absolute().name,):
        here = folder.joinpath(*parts[1:])
    return pictures.fault(here)
