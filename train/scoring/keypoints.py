"""Key points and detections of pictures, looked up by name whatever the suffix."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_manifest.point_order import refuse_points_outside
from data_manifest.published_files import KeypointTable, read_keypoints
from shared.errors import UsageError, problem
from shared.input_file import InputFile, read_input
from shared.skeleton import NUM_JOINTS
from train.scoring.pairing import shortened
from train.scoring.panels import bare_name

NAME_COLUMN, SCORE_COLUMN = "name", "person_score"


class JointLookup:
    """Joints by the name of a picture.

    Args:
        table: Names and joints.
        where: The file, for messages.
    """

    def __init__(self, table: KeypointTable, where: Path) -> None:
        self._rows = {_key(name): row for row, name in enumerate(table.names)}
        self._joints = table.joints
        self._where = where

    def __contains__(self, name: str) -> bool:
        return _found(name, self._rows) is not None

    def require_inside(self, names: Sequence[str], size: tuple[int, int]) -> None:
        """Make sure that the points of pictures lie in them, and x and y are not exchanged.

        Args:
            names: Names of pictures; those without a row are passed over.
            size: (height, width) of the pictures in pixels.

        Raises:
            UsageError: They do not.
        """
        joints = self.joints_of(names, allow_missing=True)
        refuse_points_outside(self._where, joints, np.tile(size, (len(names), 1)))

    def joints_of(self, names: Sequence[str], allow_missing: bool) -> NDArray[np.float64]:
        """Look up the joints of pictures.

        Args:
            names: Names of pictures, with or without suffix.
            allow_missing: A picture without a row gets NaN instead of being refused.

        Returns:
            float64 (n, 18, 2), (x, y) in pixels, NaN where absent.

        Raises:
            UsageError: A picture has no row.
        """
        missing = sorted({name for name in names if name not in self})
        if missing and not allow_missing:
            raise _no_rows(self._where, "key points", missing)
        joints = np.full((len(names), NUM_JOINTS, 2), np.nan)
        for number, name in enumerate(names):
            key = _found(name, self._rows)
            if key is not None:
                joints[number] = self._joints[self._rows[key]]
        return joints


def open_joints(file: Path | InputFile) -> JointLookup:
    """Read a published file of key points for lookups by name.

    Raises:
        UsageError: The file is not of that form.
    """
    file = read_input(file)
    return JointLookup(read_keypoints(file), file.path)


def scores_beside(poses: Path) -> Path:
    """Name the file of scores that ``extract-poses`` writes beside its key points."""
    return poses.with_name(f"{poses.stem}-scores.csv")


def read_detections(file: Path | InputFile) -> dict[str, float]:
    """Read the confidence of the person that ``extract-poses`` found in each picture.

    Args:
        file: Its file of scores, with the columns ``name`` and ``person_score``.

    Returns:
        Name without suffix to confidence in [0, 1]; 0 where no person was found.

    Raises:
        UsageError: The file cannot be read, or a column or a number is missing.
    """
    file = read_input(file)
    try:
        rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))
        found = {_key(row[NAME_COLUMN]): float(row[SCORE_COLUMN]) for row in rows}
    except (UnicodeDecodeError, csv.Error) as error:
        found_there, remedy = "something else", "write it with extract-poses"
        raise UsageError(problem(file.path, "a CSV in UTF-8", found_there, remedy)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        expected = f"the columns {NAME_COLUMN} and {SCORE_COLUMN} with numbers"
        found_there, remedy = "none or others", "write it with extract-poses"
        raise UsageError(problem(file.path, expected, found_there, remedy)) from error
    return {name: 0.0 if math.isnan(score) else score for name, score in found.items()}


def detections_of(
    table: Mapping[str, float], names: Sequence[str], where: Path, allow_missing: bool
) -> NDArray[np.float64]:
    """Read the confidence of each picture, float64 (n,), NaN for a missing one where allowed.

    Raises:
        UsageError: A picture has no row.
    """
    keys = [_found(name, table) for name in names]
    missing = sorted({name for name, key in zip(names, keys, strict=True) if key is None})
    if missing and not allow_missing:
        raise _no_rows(where, "a score", missing)
    return np.array([math.nan if key is None else table[key] for key in keys])


def _key(name: str) -> str:
    return bare_name(name.rsplit("/", 1)[-1])


def _found(name: str, table: Mapping[str, object]) -> str | None:
    """Find a name as it is, or without its suffix: the stem ``A.jpg_B.jpg`` has none to lose."""
    return next((key for key in (name, _key(name)) if key in table), None)


def _no_rows(where: Path, what: str, missing: Sequence[str]) -> UsageError:
    return UsageError(
        problem(
            where,
            f"{what} for every picture",
            f"none for {shortened(missing)}",
            "add these rows or --allow-missing",
        )
    )
