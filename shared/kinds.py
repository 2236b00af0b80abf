"""Kinds of values and their ranges: in plain words for people, as checks for pydantic."""

from __future__ import annotations

import dataclasses
import types
import typing
from pathlib import Path
from typing import Annotated, Any, Final

import pydantic

from shared.addresses import Address
from shared.quantities import Written

LONGEST_SHOWN = 60
"""So many characters of a value that was found enter an error message."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bounds:
    """The range of a number.

    Args:
        ge: Least value.
        gt: What it must be above.
        le: Largest value.
        lt: What it must be below.
        multiple_of: What it must be a multiple of.
    """

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    multiple_of: int | None = None

    @property
    def is_finite(self) -> bool:
        """Whether there is a least and a largest value."""
        return None not in (
            self.ge if self.gt is None else self.gt,
            self.le if self.lt is None else self.lt,
        )

    @property
    def text(self) -> str:
        """The range in words, such as ``"1 to 65,536"``; empty where there is none."""
        low = f"above {_number(self.gt)}" if self.gt is not None else _number(self.ge)
        high = f"below {_number(self.lt)}" if self.lt is not None else _number(self.le)
        steps = f", multiples of {self.multiple_of}" if self.multiple_of else ""
        return (f"{low} to {high}" if high else f"{low} or more") + steps if low else ""

    @property
    def without_end(self) -> str:
        """The range in words, its end left open."""
        return dataclasses.replace(self, le=None, lt=None).text

    @property
    def check(self) -> Any:
        """The same for pydantic."""
        given = {name: each for name, each in dataclasses.asdict(self).items() if each is not None}
        return pydantic.Field(**given)


def without_none(hint: Any) -> Any:
    """The type of a value that is given: ``int`` of ``int | None``."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return hint
    kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
    return kinds[0] if len(kinds) == 1 else hint


def bare(hint: Any) -> Any:
    """The type without remarks: ``int`` of ``Annotated[int, ...]``."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint


def checked(hint: Any, bounds: Bounds) -> Any:
    """A type with the checks that pydantic is to make: strict kinds, finite numbers, the range."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        remarks = [_reader(each) if isinstance(each, Written) else each for each in inner[1:]]
        return _annotated(checked(inner[0], bounds), remarks)
    if origin in (typing.Union, types.UnionType):
        return typing.Union[tuple(checked(kind, bounds) for kind in inner)]  # noqa: UP007
    if origin is tuple:
        kinds = tuple(each if each is ... else checked(each, bounds) for each in inner)
        return tuple.__class_getitem__(kinds)
    remarks = [*_REMARKS.get(hint, ())]
    if hint in (int, float):
        remarks.insert(1, bounds.check)
    return _annotated(hint, remarks)


def expectation(
    core: Any, bounds: Bounds, words: tuple[str, ...], written: Written | None, path: str
) -> str:
    """What a value has to be, in plain words.

    Args:
        core: Its bare type.
        bounds: The range of its numbers.
        words: The words to choose from.
        written: How a text stands for it, where it may.
        path: What kind of path it is, where it is one.
    """
    if words:
        return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    span = bounds.text
    if written is not None:
        return f"{written.words}, {_range_of(written, bounds)}" if span else written.words
    inner = typing.get_args(core)
    if typing.get_origin(core) is tuple:
        if inner[-1] is ...:
            return {Path: "a list of paths", str: "a list of texts"}.get(inner[0], "a list")
        each = f", each from {span}" if span else ""
        kind = "whole numbers" if inner[0] is int else "numbers"
        return f"a list of {len(inner)} {kind}{each}"
    kinds = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    kinds[Path] = {"any": "a path", "file": "a file", "folder": "a folder"}[path]
    text = kinds.get(core, "settings")
    return " ".join(filter(None, (text, "from" if span[:1].isdecimal() else "", span)))


def shortened(value: Any) -> str:
    """A value that was found, short enough for an error message."""
    try:
        text = str(value) if isinstance(value, Path) else repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def _range_of(written: Written, bounds: Bounds) -> str:
    if written.metavar == "HxW":
        steps = f"multiples of {bounds.multiple_of} up to" if bounds.multiple_of else "up to"
        return f"{steps} {_number(bounds.le)}"
    return f"{written.show(int(bounds.ge or 0))} to {written.show(int(bounds.le or 0))}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _annotated(hint: Any, remarks: list[Any]) -> Any:
    for remark in remarks:
        hint = Annotated[hint, remark]
    return hint


def _reader(written: Written) -> Any:
    return pydantic.BeforeValidator(
        lambda value: written.read(value) if isinstance(value, str) else value
    )


def _as_path(value: Any) -> Any:
    if isinstance(value, str):
        if not value or "\0" in value:
            raise ValueError("no path")
        return Path(value)
    return value


def _as_it_was_written(value: Any, check: Any) -> Any:
    """Keep a whole number as it is, so that the saved form of settings does not change."""
    found = check(value)
    return value if isinstance(value, int) else found


_REMARKS: Final[dict[Any, tuple[Any, ...]]] = {
    bool: (pydantic.Strict(),),
    str: (pydantic.Strict(),),
    int: (pydantic.Strict(),),
    float: (
        pydantic.Strict(),
        pydantic.AllowInfNan(False),
        pydantic.WrapValidator(_as_it_was_written),
    ),
    Path: (pydantic.BeforeValidator(_as_path),),
    Address: (pydantic.InstanceOf(),),  # type: ignore[type-arg]
}
"""How strict a kind is taken."""
