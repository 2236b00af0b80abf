"""What the browser sends, checked before anything is done with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.errors import UsageError, problem
from shared.geometry import Float64s
from shared.skeleton_file import skeleton_of

MAX_JSON_BYTES: Final = 16_384
KEYS: Final = ("photo", "source", "target", "live")
LONGEST_KEY: Final = 64


@dataclass(frozen=True)
class PoseRequest:
    """A photo and two poses.

    Args:
        photo: The photo's key.
        source: float64 (18, 2) in the photo's pixels.
        target: float64 (18, 2), the pose that is wanted.
        live: Whether a quick picture will do.
    """

    photo: str
    source: Float64s
    target: Float64s
    live: bool


def read_request(content: bytes) -> PoseRequest:
    """Read a request for a picture, or for the files that repeat one.

    Raises:
        UsageError: It is not of this form.
    """
    try:
        plain: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _refused("JSON", "something else") from error
    if not isinstance(plain, dict) or not set(plain) <= set(KEYS):
        raise _refused(f"an object of {', '.join(KEYS)}", "another one")
    photo, live = plain.get("photo"), plain.get("live", False)
    if not isinstance(photo, str) or len(photo) > LONGEST_KEY or not isinstance(live, bool):
        raise _refused("the photo's key, and whether it is live", "something else")
    source, target = _joints(plain, "source"), _joints(plain, "target")
    return PoseRequest(photo, source, target, live)


def _joints(plain: Mapping[str, Any], name: str) -> Float64s:
    return skeleton_of(plain.get(name), name).joints


def _refused(expected: str, found: str) -> UsageError:
    return UsageError(problem("request", expected, found, "load the page anew"))
