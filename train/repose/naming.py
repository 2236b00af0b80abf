"""Names of what is drawn: made of the files' own, safe on every disk, each once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Final

LONGEST: Final = 80

_UNFIT: Final = re.compile(r"[^A-Za-z0-9.-]+", re.ASCII)
_DIGITS: Final = re.compile(r"(\d+)", re.ASCII)


def label_of(name: str) -> str:
    """Return a file's name without folder and suffix; signs but A-Z, a-z, 0-9, . and - as _."""
    stem = PurePath(name.replace("\\", "/")).stem
    return _UNFIT.sub("_", stem)[:LONGEST].strip("_.-") or "unnamed"


def unlike(labels: Iterable[str]) -> list[str]:
    """Number labels that are there twice, upper and lower case alike: ``a``, ``a-2``, ``a-3``."""
    given = list(labels)
    taken = {label.lower() for label in given}
    seen: set[str] = set()
    made = []
    for label in given:
        name, number = label, 1
        while name.lower() in seen or (number > 1 and name.lower() in taken):
            number += 1
            name = f"{label}-{number}"
        seen.add(name.lower())
        made.append(name)
    return made


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts ``frame2`` before ``frame10``."""
    key = []
    for number, part in enumerate(_DIGITS.split(name.lower())):
        digits = part.lstrip("0")
        key.append((len(digits), digits) if number % 2 else (-1, part))
    return (*key, (-2, name))
