"""The field's own files, in and out: key points and pair lists.

Convention:
    This is the only home of "y first" and of -1 for an absent joint; inside the project points are
    (x, y) and an absent joint is NaN. A published key point file has the header
    ``name:keypoints_y:keypoints_x`` and rows ``NAME: [18 numbers]: [18 numbers]``.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared.errors import UsageError, problem
from shared.files import Disk, publish_text
from shared.input_file import InputFile, read_input
from shared.skeleton import NUM_JOINTS

if TYPE_CHECKING:
    import pandas as pd

KEYPOINTS_HEADER = "name:keypoints_y:keypoints_x"
ABSENT = -1
LARGEST_PX = 1_000_000
NUM_FIELDS = 3
"""Fields of a row: the name, the list of y and the list of x."""

_WHOLE = "(?:-?[1-9][0-9]{0,5}|0)"
_PLAIN_AXIS = re.compile(rf" \[{_WHOLE}(?:, {_WHOLE}){{{NUM_JOINTS - 1}}}\]")
"""A list as it is published: whole numbers with one space between them."""


@dataclasses.dataclass(frozen=True)
class KeypointTable:
    """Key points of images, in the order of their file.

    Attributes:
        names: File names, each once.
        joints: float64 (n, 18, 2), (x, y) in px, NaN where absent.
    """

    names: tuple[str, ...]
    joints: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.joints.shape != (len(self.names), NUM_JOINTS, 2):
            expected = f"joints of shape ({len(self.names)}, {NUM_JOINTS}, 2)"
            found = str(self.joints.shape)
            raise UsageError(problem("key points", expected, found, "name each skeleton's image"))

    def __len__(self) -> int:
        return len(self.names)


def read_keypoints(file: Path | InputFile) -> KeypointTable:
    """Read a published file of key points.

    Args:
        file: The file, or what was read of it.

    Returns:
        Names and joints, in the file's order.

    Raises:
        UsageError: The file cannot be read, or a line is not of that form; the message names it.
    """
    path, text = _text(read_input(file))
    lines = text.splitlines()
    if not lines or lines[0].strip() != KEYPOINTS_HEADER:
        found = repr(lines[0][:60]) if lines else "an empty file"
        raise UsageError(problem(path, f"the header {KEYPOINTS_HEADER}", found, "add the header"))
    numbered = [(number, line) for number, line in enumerate(lines[1:], 2) if line.strip()]
    first_line: dict[str, int] = {}
    rows: list[tuple[str, str]] = []
    for number, line in numbered:
        name, *axes = _split_row(path, number, line)
        if name in first_line:
            where, found = f"{path}:{number}", f"{name!r} as in line {first_line[name]}"
            raise UsageError(problem(where, "each name once", found, "remove one of the lines"))
        first_line[name] = number
        rows.append((axes[0], axes[1]))
    joints = np.ascontiguousarray(_parsed(rows)[..., ::-1])
    _check_points(path, joints, [number for number, _ in numbered])
    joints[(joints == ABSENT).all(axis=-1)] = np.nan
    return KeypointTable(tuple(first_line), joints)


def write_keypoints(
    path: Path, names: tuple[str, ...], joints: NDArray[np.float64], disk: Disk | None = None
) -> str:
    """Publish :func:`keypoints_text` and return its SHA-256."""
    return publish_text(path, keypoints_text(path, names, joints), disk)


def keypoints_text(
    path: Path, names: tuple[str, ...], joints: NDArray[np.float64], *, exact: bool = False
) -> str:
    """Compose a file of key points in the published form.

    Coordinates are rounded to whole pixels, unless they are wanted exactly. A whole number below 0
    is written as 0, because it means an absent joint there.

    Args:
        path: The file, for messages.
        names: File names, each once.
        joints: float64 (n, 18, 2), (x, y) in px, NaN where absent.
        exact: Write what is no whole pixel with all its decimals, so that reading it gives the
            same number.

    Returns:
        Its content.

    Raises:
        UsageError: A name is there twice or cannot be written in this form.
    """
    table = KeypointTable(tuple(names), np.asarray(joints, np.float64))
    for name in table.names:
        if not name.strip() or name != name.strip() or ":" in name or not name.isprintable():
            raise UsageError(problem(path, "names without colons", repr(name), "rename the file"))
    if len(set(table.names)) != len(table.names):
        raise UsageError(problem(path, "each name once", "a name twice", "remove one of them"))
    known = np.isfinite(table.joints).all(axis=-1, keepdims=True)
    given = np.where(known, np.clip(table.joints, -LARGEST_PX, LARGEST_PX), 0)
    whole = np.maximum(np.rint(given), 0)
    rounded = np.where(known, whole, ABSENT).astype(np.int64).astype(object)
    if exact:
        rounded = np.where(given == np.rint(given), rounded, given.astype(object))
    rows = [
        f"{name}: {xy[:, 1].tolist()}: {xy[:, 0].tolist()}"
        for name, xy in zip(table.names, rounded, strict=True)
    ]
    return "\n".join([KEYPOINTS_HEADER, *rows]) + "\n"


def read_pairs(file: Path | InputFile) -> pd.DataFrame:
    """Read a published list of pairs.

    Args:
        file: A CSV file with the columns ``from`` and ``to``; others are left out.

    Returns:
        The columns ``from`` and ``to``, as text, in the file's order.

    Raises:
        UsageError: The file cannot be read, or a column or a name is missing.
    """
    import pandas as pd  # noqa: PLC0415 - key points are read without it

    path, text = _text(read_input(file))
    if "\0" in text:
        found = f"a NUL in line {text[: text.index(chr(0))].count(chr(10)) + 1}"
        raise UsageError(problem(path, "names of files", found, "correct the line"))
    heads = text.partition("\n")[0].strip()
    if not {"from", "to"} <= {head.strip('"') for head in heads.split(",")}:
        found = f"the head {heads[:60]!r}" if heads else "an empty first line"
        remedy = "write the names of source and target under these two heads"
        raise UsageError(problem(path, "a CSV with the columns from,to", found, remedy))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                io.StringIO(text), dtype="str", keep_default_na=False, index_col=False
            )
    except (ValueError, OverflowError, pd.errors.ParserWarning) as error:
        found, remedy = "a line with more or other fields", "write every line as the first"
        raise UsageError(problem(path, "a CSV with the columns from,to", found, remedy)) from error
    pairs = table[["from", "to"]].fillna("")
    empty = np.flatnonzero((pairs == "").any(axis=1))
    if len(empty):
        where = f"{path}:{int(empty[0]) + 2}"
        raise UsageError(problem(where, "two names", "an empty one", "correct the line"))
    return pairs


def pairs_text(sources: Sequence[str], targets: Sequence[str]) -> str:
    """Compose a list of pairs in the published form, header ``from,to``."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("from", "to"))
    writer.writerows(zip(sources, targets, strict=True))
    return stream.getvalue()


def _text(file: InputFile) -> tuple[Path, str]:
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            problem(file.path, "text in UTF-8", f"byte {error.start}", "check the file")
        ) from error
    return file.path, text


def _split_row(path: Path, number: int, line: str) -> tuple[str, str, str]:
    """Divide a line into the name, and the lists of y and of x as plain decimals."""
    fields = line.strip().rsplit(":", 2)
    if len(fields) == NUM_FIELDS and (name := fields[0].strip()):
        axes = [text[2:-1] if _PLAIN_AXIS.fullmatch(text) else _axis(text) for text in fields[1:]]
        if all(axes):
            return name, axes[0], axes[1]
    expected = f"NAME: [{NUM_JOINTS} numbers]: [{NUM_JOINTS} numbers]"
    raise UsageError(problem(f"{path}:{number}", expected, repr(line[:60]), "correct the line"))


def _axis(text: str) -> str:
    """Write a list of numbers that is no plain one as plain decimals; "" where it is none."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    right = (
        isinstance(values, list)
        and len(values) == NUM_JOINTS
        and all(type(value) in (int, float) and abs(value) <= LARGEST_PX for value in values)
    )
    return ", ".join(map(repr, values)) if right else ""


def _parsed(rows: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """Parse lists of plain decimals: float64 (n, 18, 2), each point in the order of the lists."""
    numbers = ", ".join(text for row in rows for text in row)
    values = np.fromstring(numbers, np.float64, sep=",") if rows else np.empty(0)
    return values.reshape(len(rows), 2, NUM_JOINTS).transpose(0, 2, 1)


def _check_points(path: Path, joints: NDArray[np.float64], line_numbers: list[int]) -> None:
    absent = joints == ABSENT
    below = (joints < 0) & (joints == np.rint(joints))  # a decimal is no mark of absence
    wrong = (absent.any(axis=-1) != absent.all(axis=-1)) | (below & ~absent).any(axis=-1)
    if wrong.any():
        row, joint = (int(index) for index in np.argwhere(wrong)[0])
        x, y = joints[row, joint]
        remedy = "write -1 for both where the joint is absent"
        where = f"{path}:{line_numbers[row]}, joint {joint}"
        raise UsageError(problem(where, "a point of the image", f"x {x:g}, y {y:g}", remedy))
