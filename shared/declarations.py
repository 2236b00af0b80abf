"""Settings that are declared once: default, range, choices, unit, help and flag of each field.

A settings class is written as a dataclass whose fields are :func:`setting`; :func:`declared` makes
a frozen pydantic dataclass of it. Checks, error messages, help and command line options
(:mod:`shared.options`) all read the same :class:`shared.declaration.Declaration`::

    @declared("Batches")
    class DataSettings:
        batch: int = setting(default=4, ge=1, le=4096, flag="--batch", help="Samples in a batch.")

Convention:
    Kinds are strict: True is no number, 3.0 is no whole number, numbers are finite. A whole number
    in the place of a number stays as it was written, so that its saved form stays the same. Ranges
    hold for each number of a tuple. A field of another settings class is a section.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, dataclass_transform

import pydantic
import pydantic.dataclasses

from shared.declaration import Declaration
from shared.kinds import Bounds

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class _Setting:
    """What was written at a field, until its class is made."""

    facts: dict[str, Any]


def setting(
    *,
    help: str,
    default: Any = dataclasses.MISSING,
    default_factory: Any = dataclasses.MISSING,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    multiple_of: int | None = None,
    **further: Any,
) -> Any:
    """Declare a setting.

    Args:
        help: What it does, as a sentence.
        default: What holds where nothing is given; without it the setting must be given.
        default_factory: The same as a function, for sections.
        ge: Least value.
        gt: What it must be above.
        le: Largest value.
        lt: What it must be below.
        multiple_of: What it must be a multiple of.
        further: ``choices``, ``unit``, ``metavar``, ``flag``, ``path``, ``shown`` and ``since``
            of :class:`Declaration`.
    """
    bounds = Bounds(ge=ge, gt=gt, le=le, lt=lt, multiple_of=multiple_of)
    given = {"default": default, "default_factory": default_factory, "bounds": bounds, "help": help}
    return _Setting(given | further)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(setting,))
def declared(title: str) -> Callable[[type[T]], type[T]]:
    """Make a settings class: a frozen, keyword-only pydantic dataclass with declarations.

    Args:
        title: Heading of its options in a command's help.

    Returns:
        The decorator. The class has ``__declarations__``, by field, and ``__title__``. Its
        constructor raises UsageError for whatever is not allowed.
    """

    def make(cls: type[T]) -> type[T]:
        hints = typing.get_type_hints(cls, include_extras=True)
        found: dict[str, Declaration] = {}
        for name in inspect.get_annotations(cls):
            written = cls.__dict__.get(name)
            if not isinstance(written, _Setting):
                raise TypeError(f"{cls.__name__}.{name}: declare it by setting(...)")
            one = Declaration(owner=cls.__name__, name=name, hint=hints[name], **written.facts)
            found[name] = one
            cls.__annotations__[name] = one.checked_hint
            default = {"default": one.default, "default_factory": one.default_factory}
            setattr(cls, name, dataclasses.field(**default))
        config = pydantic.ConfigDict(extra="forbid")
        made: Any = pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=config)(cls)
        made.__declarations__, made.__title__ = types.MappingProxyType(found), title
        made.__init__ = _with_own_errors(made.__init__, found)
        return typing.cast(type[T], made)

    return make


def declarations(settings_class: type[Any]) -> Mapping[str, Declaration]:
    """The declarations of a settings class by field; those of a plain dataclass are its types."""
    found: Mapping[str, Declaration] | None = settings_class.__dict__.get("__declarations__")
    record: Any = settings_class
    return _of_record(record) if found is None else found


def leaves(
    settings_class: type[Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Declaration]]:
    """List the plain settings of a class and its sections, each with the sections it lies in."""
    for name, one in declarations(settings_class).items():
        if one.section is None:
            yield path, one
        else:
            yield from leaves(one.section, (*path, name))


def layer_of(settings_class: type[Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Sort options that were given into the tree of a settings class.

    Args:
        settings_class: Whose settings are wanted; other options are left out.
        options: Values by the name of the option; None or nothing in a list where not given. A
            flag that several settings declare goes to all of them.

    Returns:
        A layer for :func:`shared.settings.build`.
    """
    layer: dict[str, Any] = {}
    for path, one in leaves(settings_class):
        value = options.get(one.param) if one.flag else None
        if value is None or value == ():
            continue
        place = layer
        for section in path:
            place = place.setdefault(section, {})
        place[one.name] = value
    return layer


def _with_own_errors(init: Any, found: Mapping[str, Declaration]) -> Any:
    @functools.wraps(init)
    def checked_init(self: Any, **values: Any) -> None:
        try:
            init(self, **values)
        except pydantic.ValidationError as error:
            name = str(error.errors()[0]["loc"][0])
            if name not in found:
                raise TypeError(f"{type(self).__name__} has no setting {name!r}") from None
            if name not in values:
                raise found[name].absence() from None
            raise found[name].refusal(values[name], error) from None
        except OverflowError:
            for name, value in values.items():
                found[name].check(value)
            raise

    return checked_init


@functools.lru_cache(maxsize=64)
def _of_record(record_class: Any) -> Mapping[str, Declaration]:
    hints = typing.get_type_hints(record_class, include_extras=True)
    return {
        field.name: Declaration(
            owner=record_class.__name__,
            name=field.name,
            hint=hints[field.name],
            default=field.default,
            default_factory=field.default_factory,
        )
        for field in dataclasses.fields(record_class)
    }
