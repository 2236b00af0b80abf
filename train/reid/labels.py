"""Who is on a picture and which camera took it, read from the picture's name.

Convention:
    A name begins with ``IDENTITY_cCAMERA``: ``0002_c1s1_000451_03.jpg`` is person 2 seen by camera
    1. Identity -1 is junk (a crop that says nothing) and 0 a distractor (nobody who is asked for).
    What follows the camera's number is not looked at.

Source: the names of Market-1501 and DukeMTMC, and the rule by which torchreid reads them.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

JUNK: Final = -1
DISTRACTOR: Final = 0

_NAME: Final = re.compile(r"(-1|\d{1,9})_c(\d{1,4})(?!\d)", re.ASCII)


class Label(NamedTuple):
    """Identity and camera of a picture."""

    identity: int
    camera: int


def label_of(name: str) -> Label | None:
    """Read the label of a picture from its name; None where the name does not say one."""
    match = _NAME.match(name)
    return None if match is None else Label(int(match[1]), int(match[2]))
