"""Addresses of folders elsewhere: ``s3://bucket/shards``, ``https://host/shards?token=…``.

Convention:
    An address may carry credentials: before an ``@``, or in what follows a ``?``. Whatever is
    shown, logged, saved or compared in words is :meth:`Address.__str__`, which has neither; only
    :attr:`Address.secret` has them, and only what opens the address asks for it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

from shared.quantities import Written

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*)(?:://|::)", re.ASCII | re.IGNORECASE)
_HOST: Final = re.compile(r"[^:]*(:\d*)?|\[[0-9a-fA-F:.]*\](:\d*)?", re.ASCII)
CUT: Final = "…"
"""Stands for what is not shown."""

_LOCAL: Final = ("file", "local")


class Address:
    """Where a folder lies, if not on this machine's disks.

    Args:
        text: As it was typed, credentials and all.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def secret(self) -> str:
        """The whole address; never to be shown."""
        return self._text

    @property
    def scheme(self) -> str:
        """What stands before ``://``, in small letters."""
        match = _SCHEME.match(self._text)
        return match[1].lower() if match else ""

    def __str__(self) -> str:
        """The address without credentials."""
        plain = re.split(r"[?#]", self._text)[0]
        if "::" in plain and "@" in plain:  # nobody knows in which link a password ends
            return f"{self.scheme}://{CUT}{plain.rpartition('@')[2]}"
        return "::".join(_shown(link) for link in plain.split("::"))

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def read_place(text: str) -> Path | Address:
    """Read a folder's path, or the address of one elsewhere.

    Raises:
        ValueError: It is neither.
    """
    if not text or "\0" in text:
        raise ValueError("no path and no address")
    match = _SCHEME.match(text)
    if match is None or "://" not in text:
        return Path(text)
    if match[1].lower() in _LOCAL and match[0].endswith("://"):
        return Path(text[match.end() :] or "/")
    return Address(text)


def _shown(link: str) -> str:
    """Cut whatever may be a password; rather too much than too little."""
    scheme, mark, rest = link.partition("://") if "://" in link else ("", "", link)
    host = rest.partition("/")[0]
    if "@" in host or ":" in rest.rpartition("@")[0]:  # a password may hold a slash
        rest = rest.rpartition("@")[2]
    if not _HOST.fullmatch(rest.partition("/")[0]):
        rest = CUT
    return f"{scheme}{mark}{rest}"


PLACE: Final = Written(
    "a folder, or an address like s3://bucket/shards", "DIR|URL", read_place, str
)

Place = Annotated[Path | Address, PLACE]
"""A folder of this machine, or the address of one elsewhere."""
