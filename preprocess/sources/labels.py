"""A user's own table of the images of a folder: who is on each, and what else is known."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from preprocess.sources.source import UNKNOWN_CAMERA
from shared.errors import UsageError, problem
from shared.input_file import InputFile, read_input

COLUMNS: Final = ("name", "identity", "camera", "split")
MAX_CAMERA: Final = 32_767
MAX_IDENTITY: Final = 2**31 - 1

_WHOLE: Final = re.compile(r"\d{1,10}", re.ASCII)


@dataclass(frozen=True)
class Label:
    """What is known of an image.

    Args:
        person: Who it shows, as it is written.
        camera: Number of the camera, -1 where unknown.
        split: ``"train"``, ``"test"`` or "" where none is given.
    """

    person: str
    camera: int = UNKNOWN_CAMERA
    split: str = ""


@dataclass(frozen=True)
class Labels:
    """A table of labels that was read.

    Args:
        file: The file.
        by_name: Path of an image to its label, in the file's order.
    """

    file: InputFile
    by_name: dict[str, Label]

    @property
    def has_split(self) -> bool:
        """Whether the table says which images are for testing."""
        return any(label.split for label in self.by_name.values())


def read_labels(path: Path) -> Labels:
    """Read a CSV with the columns name and identity, and where known camera and split.

    Raises:
        UsageError: It cannot be read, a column is missing, or a row is none; the line is named.
    """
    file = read_input(path)
    by_name: dict[str, Label] = {}
    for number, row in _rows(file):
        name, label = row["name"].strip().removeprefix("./"), _label(path, number, row)
        if not name.isprintable() or "\\" in name or not name or name in by_name:
            expected, found = "each image once, by its plain name", repr(name[:60])
            raise UsageError(problem(f"{path}:{number}", expected, found, "correct the line"))
        by_name[name] = label
    splits = {bool(label.split) for label in by_name.values()}
    if len(splits) > 1:
        expected, found = "a split in every row or in none", "rows with and rows without one"
        raise UsageError(problem(path, expected, found, "fill the column split, or leave it out"))
    if not by_name:
        raise UsageError(problem(path, "rows of labels", "none", "give another file"))
    return Labels(file, by_name)


def numbered(people: Sequence[str]) -> tuple[dict[str, int], bool]:
    """Number people: by their own names where all are whole numbers, else by their order.

    Returns:
        Name to number, and whether the names are the numbers.
    """
    names = sorted(set(people))
    own = {name: int(name) for name in names if _WHOLE.fullmatch(name)}
    fits = len(own) == len(names) and len(set(own.values())) == len(names)
    if fits and max(own.values(), default=0) <= MAX_IDENTITY:
        return own, True
    return {name: number for number, name in enumerate(names)}, False


def _rows(file: InputFile) -> Iterator[tuple[int, dict[str, str]]]:
    """List a table's rows, each with the number of its line."""
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte {error.start}"
        raise UsageError(problem(file.path, "text in UTF-8", found, "check the file")) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heads = [head.strip().lower() for head in next(reader, [])]
        if not {"name", "identity"} <= set(heads) or len(set(heads)) != len(heads):
            expected = "a CSV with the columns name,identity and where known camera,split"
            found = f"the head {','.join(heads)[:60]!r}"
            raise UsageError(problem(file.path, expected, found, "name the columns so"))
        for row in reader:
            if not row:
                continue
            if len(row) != len(heads):
                where, expected = f"{file.path}:{reader.line_num}", f"{len(heads)} fields"
                raise UsageError(problem(where, expected, len(row), "correct the line"))
            yield reader.line_num, dict(zip(heads, row, strict=True))
    except csv.Error as error:
        where = f"{file.path}:{reader.line_num}"
        raise UsageError(problem(where, "a line of a CSV", error, "correct the line")) from error


def _label(path: Path, number: int, row: dict[str, str]) -> Label:
    person, camera, split = (row.get(name, "").strip() for name in COLUMNS[1:])
    wrong = {
        "an identity": not person or not person.isprintable(),
        f"a camera from 0 to {MAX_CAMERA:,}, or none": bool(camera)
        and not (_WHOLE.fullmatch(camera) and int(camera) <= MAX_CAMERA),
        "train, test or nothing as split": split not in ("", "train", "test"),
    }
    for expected, is_wrong in wrong.items():
        if is_wrong:
            found = repr([person, camera, split])[:80]
            raise UsageError(problem(f"{path}:{number}", expected, found, "correct the line"))
    return Label(person, int(camera) if camera else UNKNOWN_CAMERA, split)
