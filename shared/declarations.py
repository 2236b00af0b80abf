"""Settings that are declared once: default, range, choices, unit, help and flag of each field.

A settings class is written as a dataclass whose fields are :func:`setting`; :func:`declared` makes
a frozen pydantic dataclass of it. Checks, error messages, help and command line options
(:mod:`shared.options`) all read the same :class:`Declaration`::

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
from typing import Annotated, Any, Literal, TypeVar, dataclass_transform

import pydantic
import pydantic.dataclasses

from shared.errors import UsageError, problem
from shared.kinds import Bounds, bare, checked, expectation, shortened, without_none
from shared.quantities import Written

T = TypeVar("T")

OUT_OF_RANGE = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
OUT_OF_RANGE |= {"multiple_of", "finite_number"}


class SettingError(UsageError):
    """A value that a setting does not take (exit code 2).

    Args:
        message: The whole line.
        field: Name of the field.
        rest: The line without the place that it begins with.
    """

    def __init__(self, message: str, field: str = "", rest: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.rest = rest

    def at(self, place: str) -> SettingError:
        """The same error, seen at another place."""
        return SettingError(f"{place}: {self.rest}", self.field, self.rest)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Declaration:
    """Everything that is known of one setting.

    Args:
        owner: Name of its class, for error messages.
        name: Name of the field.
        hint: Its type as it is written.
        default: What holds where nothing is given; MISSING for a setting that must be given.
        default_factory: The same as a function, for sections.
        bounds: The range of its numbers.
        choices: Words to choose from, besides those of a Literal.
        unit: Unit of the value, where its name does not end in it.
        metavar: What the help shows for the value.
        help: What it does.
        flag: ``"--batch"``, ``"--half/--no-half"``, ``"shards"`` for an argument; empty where it
            can be set in files only.
        path: What kind of path it is, where it is one.
        shown: What the help says in place of the default.
        since: The version that brought it, where that was not the first one.
    """

    owner: str
    name: str
    hint: Any
    default: Any = dataclasses.MISSING
    default_factory: Any = dataclasses.MISSING
    bounds: Bounds = Bounds()
    choices: tuple[str, ...] = ()
    unit: str = ""
    metavar: str = ""
    help: str = ""
    flag: str = ""
    path: Literal["any", "file", "folder"] = "any"
    shown: str | None = None
    since: str = ""

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return not self.has_default

    @property
    def has_default(self) -> bool:
        """Whether something holds where nothing is given."""
        missing = dataclasses.MISSING
        return self.default is not missing or self.default_factory is not missing

    @property
    def default_value(self) -> Any:
        """What holds where nothing is given."""
        return self.default if self.default_factory is dataclasses.MISSING else self.default_factory()

    @property
    def core(self) -> Any:
        """The type without None and without remarks: int, float, str, Path, tuple, Literal …"""
        return bare(without_none(self.hint))

    @property
    def written(self) -> Written | None:
        """How a text stands for the value, where it may."""
        remarks = typing.get_args(without_none(self.hint))
        return next((remark for remark in remarks if isinstance(remark, Written)), None)

    @property
    def section(self) -> type[Any] | None:
        """The settings class of a section; None for a plain value."""
        return self.core if hasattr(self.core, "__declarations__") else None

    @property
    def words(self) -> tuple[str, ...]:
        """The words to choose from, empty where there is no choice."""
        if typing.get_origin(self.core) is Literal:
            return tuple(map(str, typing.get_args(self.core)))
        return self.choices

    @property
    def param(self) -> str:
        """Name of the option's value: ``pose_batch`` of ``--pose-batch``."""
        return self.flag.partition("/")[0].lstrip("-").replace("-", "_")

    @property
    def place(self) -> str:
        """How an error names it where no file is known: by its flag, or by class and field."""
        if self.flag:
            return self.flag.partition("/")[0] if self.flag[0] == "-" else self.flag.upper()
        return f"{self.owner.removesuffix('Settings').lower()}.{self.name}"

    @property
    def expected(self) -> str:
        """What a value has to be, in plain words."""
        return expectation(self.core, self.bounds, self.words, self.written, self.path)

    @functools.cached_property
    def _adapter(self) -> pydantic.TypeAdapter[Any]:
        return pydantic.TypeAdapter(self.checked_hint)

    @property
    def checked_hint(self) -> Any:
        """The type with every check that pydantic is to make."""
        hint = checked(self.hint, self.bounds)
        if self.choices:
            hint = Annotated[hint, pydantic.AfterValidator(self._known_word)]
        return hint

    def check(self, value: Any) -> Any:
        """Check one value.

        Raises:
            SettingError: It is not allowed.
        """
        try:
            return self._adapter.validate_python(value)
        except (pydantic.ValidationError, OverflowError) as error:
            raise self.refusal(value, error) from None

    def check_at(self, value: Any, place: str) -> Any:
        """Check one value that was found at a place, such as a line of a file.

        Raises:
            SettingError: It is not allowed.
        """
        try:
            return self.check(value)
        except SettingError as error:
            raise error.at(place) from None

    def refusal(self, value: Any, error: Exception) -> SettingError:
        """The error that says why a value is not allowed."""
        remedy = "give a value of that kind"
        if isinstance(error, OverflowError) or error.errors()[0]["type"] in OUT_OF_RANGE:  # type: ignore[attr-defined]
            remedy = "choose a value in that range"
        elif self.words:
            remedy = "choose one of them"
        rest = problem("", self.expected, shortened(value), remedy).removeprefix(": ")
        return SettingError(f"{self.place}: {rest}", self.name, rest)

    def absence(self) -> SettingError:
        """The error that says that it must be given."""
        rest = problem("", self.expected, "nothing", "give it").removeprefix(": ")
        return SettingError(f"{self.place}: {rest}", self.name, rest)

    def _known_word(self, word: str) -> str:
        if word not in self.choices:
            raise ValueError("no such word")
        return word


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
        config = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True)
        made: Any = pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=config)(cls)
        made.__declarations__, made.__title__ = types.MappingProxyType(found), title
        made.__init__ = _with_own_errors(made.__init__, found)
        return typing.cast(type[T], made)

    return make


def declarations(settings_class: type[Any]) -> Mapping[str, Declaration]:
    """The declarations of a settings class by field; those of a plain dataclass are its types."""
    found = settings_class.__dict__.get("__declarations__")
    return _of_record(settings_class) if found is None else found


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
def _of_record(record_class: type[Any]) -> Mapping[str, Declaration]:
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
