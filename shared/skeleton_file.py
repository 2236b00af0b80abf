"""A single skeleton as a JSON file: what the page saves and ``repose --target`` reads.

Convention:
    The file is one object::

        {"format": "posegan-skeleton", "version": 1,
         "image_size": [height, width],
         "joints": [[x, y], null, …]}

    ``joints`` holds 18 entries in the order of :data:`shared.skeleton.JOINTS`: (x, y) in pixels of
    a picture of ``image_size``, pixel centres at integers, or null where a joint is absent. A
    joint may lie outside of the picture. Further keys of the object are refused.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from shared.errors import UsageError, problem
from shared.geometry import Float64s, presence
from shared.pictures import RefusedPictureError, content_of
from shared.skeleton import NUM_JOINTS

FORMAT: Final = "posegan-skeleton"
VERSION: Final = 1
MAX_BYTES: Final = 65_536
LARGEST_PX: Final = 1_000_000
KEYS: Final = ("format", "version", "image_size", "joints")
REMEDY: Final = "save the skeleton anew"


@dataclass(frozen=True)
class Skeleton:
    """A pose and the picture that it was placed on.

    Attributes:
        joints: float64 (18, 2), (x, y) in pixels, NaN where absent.
        image_size: (height, width) of the picture in pixels.
    """

    joints: Float64s
    image_size: tuple[int, int]


def read_skeleton(path: Path) -> Skeleton:
    """Read a skeleton's file.

    Raises:
        UsageError: It cannot be read, or is not of this form; the message names it.
    """
    try:
        content = content_of(path, MAX_BYTES)
    except RefusedPictureError as error:
        raise _refused(path, "a small JSON file", error) from error
    try:
        plain: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _refused(path, "a skeleton in JSON", "a file that is none") from error
    return skeleton_of(plain, path)


def skeleton_of(plain: object, where: object) -> Skeleton:
    """Check what was read of JSON, from a file or from a request.

    Args:
        plain: Any value that JSON can hold.
        where: What the message names.

    Raises:
        UsageError: It is no skeleton.
    """
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise _refused(where, f"an object of the format {FORMAT}", "another one")
    if type(plain.get("version")) is not int or plain["version"] != VERSION:
        raise _refused(where, f"version {VERSION}", _shown(plain.get("version")))
    further = sorted(set(plain) - set(KEYS))
    if further:
        raise _refused(where, f"the keys {', '.join(KEYS)}", _shown(further[0]))
    size: Any = plain.get("image_size")
    if not _is_list(size, 2) or not all(type(side) is int and _is_side(side) for side in size):
        raise _refused(where, "image_size as [height, width]", _shown(size))
    joints: Any = plain.get("joints")
    if not _is_list(joints, NUM_JOINTS):
        found = f"{len(joints)}" if isinstance(joints, list) else _shown(joints)
        raise _refused(where, f"{NUM_JOINTS} joints", found)
    for number, joint in enumerate(joints):
        if joint is not None and not _is_point(joint):
            raise _refused(f"{where}, joint {number}", "[x, y] or null", _shown(joint))
    points = [(math.nan, math.nan) if joint is None else joint for joint in joints]
    return Skeleton(np.array(points, np.float64), (size[0], size[1]))


def plain_skeleton(skeleton: Skeleton) -> dict[str, Any]:
    """Return a skeleton as the values that its file holds."""
    known = presence(skeleton.joints)
    points = [
        [float(x), float(y)] if there else None
        for (x, y), there in zip(skeleton.joints, known, strict=True)
    ]
    size = [int(side) for side in skeleton.image_size]
    return {"format": FORMAT, "version": VERSION, "image_size": size, "joints": points}


def skeleton_text(skeleton: Skeleton) -> str:
    """Compose the content of a skeleton's file; reading it returns the same numbers."""
    return json.dumps(plain_skeleton(skeleton)) + "\n"


def _is_list(value: object, length: int) -> bool:
    return isinstance(value, list) and len(value) == length


def _is_side(side: int) -> bool:
    return 0 < side <= LARGEST_PX


def _is_point(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_number(each) for each in value)


def _is_number(value: object) -> bool:
    if type(value) is int:
        return abs(value) <= LARGEST_PX
    return isinstance(value, float) and math.isfinite(value) and abs(value) <= LARGEST_PX


def _shown(value: object) -> str:
    return " ".join(repr(value).split())[:60]


def _refused(where: object, expected: str, found: object) -> UsageError:
    return UsageError(problem(where, expected, found, REMEDY))
