"""What is known of one setting, how its value is checked, and the error that refuses one."""

from __future__ import annotations

import dataclasses
import functools
import stat
import typing
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic

from shared.errors import UsageError, problem
from shared.kinds import Bounds, bare, checked, expectation, shortened, without_none
from shared.quantities import Written

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
    bounds: Bounds = dataclasses.field(default_factory=Bounds)
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
        return (
            self.default if self.default_factory is dataclasses.MISSING else self.default_factory()
        )

    @property
    def core(self) -> Any:
        """The type without None and without remarks, such as ``int`` or a Literal."""
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
        text = expectation(self.core, self.bounds, self.words, self.written, self.path)
        return f"{text} {self.unit}".rstrip()

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

    def check_on_disk(self, path: Path) -> None:
        """Refuse what lies at a path where it is of another kind than the setting names.

        Pipes and devices are refused wherever a file is expected: they keep a reader waiting or
        never end, and what is read from them cannot be read again for its hash.

        Raises:
            UsageError: Something of another kind is there; nothing at all is no matter here.
        """
        try:
            mode = path.stat().st_mode
        except (OSError, ValueError):  # who reads it says what is wrong with it
            return
        kinds = {stat.S_IFREG: "a file", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe"}
        found = kinds.get(stat.S_IFMT(mode), "a device")
        fitting = ("a file", "a folder") if self.path == "any" else (f"a {self.path}",)
        if found not in fitting:
            expected = " or ".join(fitting)
            remedy = "check the name"
            if "a file" in fitting and found == "a pipe":
                remedy = "write its content to a file and name that"
            raise UsageError(problem(self.place, expected, f"{found}, {path}", remedy))

    def refusal(self, value: Any, error: pydantic.ValidationError | OverflowError) -> SettingError:
        """The error that says why a value is not allowed."""
        remedy = "give a value of that kind"
        if isinstance(error, OverflowError) or error.errors()[0]["type"] in OUT_OF_RANGE:
            remedy = "choose a value in that range"
        elif self.words:
            remedy = "choose one of them"
        return self._found(shortened(value), remedy)

    def absence(self) -> SettingError:
        """The error that says that it must be given."""
        return self._found("nothing", "give it")

    def _found(self, found: str, remedy: str) -> SettingError:
        rest = problem("", self.expected, found, remedy).removeprefix(": ")
        return SettingError(f"{self.place}: {rest}", self.name, rest)

    def _known_word(self, word: str) -> str:
        if word not in self.choices:
            raise ValueError("no such word")
        return word
