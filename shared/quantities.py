"""How sizes, numbers of bytes and lists of names are written: the one reading of each.

Convention:
    Sizes are (height, width). A :class:`Written` in a field's type says that a text may stand for
    the value, in a file as on the command line: ``image_size: Size`` takes ``"128x64"`` and
    ``[128, 64]``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

_SIZE: Final = re.compile(r"(\d{1,5})[x×](\d{1,5})", re.ASCII | re.IGNORECASE)
_BYTES: Final = re.compile(
    r"(\d{1,15}(?:\.\d{1,3})?)\s*(B|[KMGT]B|[KMGT]iB)?", re.ASCII | re.IGNORECASE
)
MAX_PORT: Final = 65_535
_SCHEDULER: Final = re.compile(
    r"(?:(?:tcp|tls)://)?(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\]):(\d{1,5})", re.ASCII
)
_UNITS: Final = {
    unit: factor
    for power, letter in enumerate(("", "k", "m", "g", "t"))
    for unit, factor in ((f"{letter}b", 1000**power), (f"{letter}ib", 1024**power))
}


@dataclass(frozen=True)
class Written:
    """A way to write a value as text.

    Args:
        words: What is expected, for error messages.
        metavar: What the help shows for the value.
        read: From text to value; ValueError where it is written in another way.
        show: From value to text.
    """

    words: str
    metavar: str
    read: Callable[[str], Any]
    show: Callable[[Any], str]


def read_size(text: str) -> tuple[int, int]:
    """Read a size such as ``"128x64"`` as (height, width).

    Raises:
        ValueError: It is written in another way.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError("not HEIGHTxWIDTH")
    return int(match[1]), int(match[2])


def read_bytes(text: str) -> int:
    """Read a number of bytes such as ``"48MB"`` or ``"1.5GiB"``.

    Raises:
        ValueError: It is written in another way.
    """
    match = _BYTES.fullmatch(text.strip())
    if match is None:
        raise ValueError("not a number of bytes")
    return int(float(match[1]) * _UNITS[(match[2] or "B").lower()])


def show_bytes(count: int) -> str:
    """Write a number of bytes in the largest decimal unit that divides it."""
    for letter, factor in (("G", 10**9), ("M", 10**6), ("K", 10**3)):
        if count and count % factor == 0:
            return f"{count // factor}{letter}B"
    return f"{count}B"


def read_names(text: str) -> tuple[str, ...]:
    """Read names between commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def read_scheduler(text: str) -> str:
    """Check how the address of a dask scheduler is written.

    Raises:
        ValueError: It is written in another way.
    """
    match = _SCHEDULER.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= MAX_PORT:
        raise ValueError("no address of a scheduler")
    return text


SIZE: Final = Written("HEIGHTxWIDTH", "HxW", read_size, lambda size: "x".join(map(str, size)))
BYTES: Final = Written("a number of bytes like 48MB", "SIZE", read_bytes, show_bytes)
NAMES: Final = Written("names between commas", "NAMES", read_names, ",".join)
SCHEDULER: Final = Written("an address like tcp://HOST:8786", "ADDRESS", read_scheduler, str)

Size = Annotated[tuple[int, int], SIZE]
"""(height, width) in pixels, written ``128x64``."""

Bytes = Annotated[int, BYTES]
"""A number of bytes, written ``48MB`` or ``1.5GiB``."""

Scheduler = Annotated[str, SCHEDULER]
"""Where a dask scheduler listens, written ``tcp://HOST:PORT``, ``tls://HOST:PORT`` or bare."""

Names = Annotated[tuple[str, ...], NAMES]
"""Names, written between commas."""
