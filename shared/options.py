"""Commands and their options, made from the declarations of settings classes.

Convention:
    A command is a function of keyword arguments, one for each option by its name: None where it
    was not given (an empty tuple for a repeatable one, False for a switch that only its command
    knows). Defaults are the settings classes' affair: the help shows them, the command fills them
    in by :func:`shared.settings.build`. Every command takes ``--config FILE.toml``; what the file
    says counts as given, and the command line wins over it.
"""

from __future__ import annotations

import difflib
import inspect
import typing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from shared.declaration import Declaration
from shared.declarations import declared, leaves, setting
from shared.errors import UsageError, ends_with_exit_code, problem
from shared.help_texts import help_text, metavar
from shared.kinds import shortened
from shared.settings import ConfigFile, read_config, refuse_unknown_keys

WIDTH: Final = 100


@declared("Command")
class CommandSettings:
    """What every command takes."""

    config: Path | None = setting(
        default=None,
        path="file",
        flag="--config",
        metavar="FILE.toml",
        help="Options from a file, by name (image-size = '128x64'), and tables of settings where "
        "the command has them; the command line wins.",
    )


@dataclass(frozen=True)
class Offer:
    """One option of a command, with the declaration that it was made from.

    Args:
        command: Name of the command.
        option: As it is typed; an argument by its metavar.
        declaration: Kind, range, choices and the rest.
        param: The option as click has it.
    """

    command: str
    option: str
    declaration: Declaration
    param: click.Parameter


def command(
    *settings_classes: type[Any], examples: Sequence[str], optional: Sequence[str] = ()
) -> Callable[[Callable[..., object]], Command]:
    """Make a command of a function; its docstring is the help, its result the exit code.

    Args:
        settings_classes: Whose flags are its options, in the order of the help.
        examples: Command lines that the help ends with.
        optional: Flags that may be left out although their settings must be given.
    """
    params: list[click.Parameter] = []
    sections: set[str] = set()
    for settings_class in (*settings_classes, CommandSettings):
        known = getattr(settings_class, "__declarations__")  # noqa: B009 - not in the type
        sections |= {name for name, one in known.items() if one.section is not None}
        for title, one in _flagged(settings_class):
            if all(one.param != param.name for param in params):
                params.append(_param(one, title, required=one.flag not in optional))

    def make(function: Callable[..., object]) -> Command:
        return Command(
            name=function.__name__.replace("_", "-"),
            callback=function,
            params=params,
            help=inspect.cleandoc(function.__doc__ or ""),
            epilog="\b\nExamples:\n" + "\n".join(f"  {example}" for example in examples),
            context_settings={"max_content_width": WIDTH, "help_option_names": ["-h", "--help"]},
            sections=frozenset(sections),
            settings_classes=settings_classes,
        )

    return make


def offers(commands: Iterable[click.Command]) -> list[Offer]:
    """List every option of commands with its declaration, for those who try odd values."""
    return [
        Offer(str(one.name), param.opts[0], param.declaration, param)
        for one in commands
        for param in one.params
        if isinstance(param, (DeclaredOption, DeclaredArgument))
    ]


class DeclaredOption(click.Option):
    """An option that knows its declaration and its heading in the help."""

    declaration: Declaration
    title: str


class DeclaredArgument(click.Argument):
    """An argument that knows its declaration."""

    declaration: Declaration


class Command(click.Command):
    """A command whose every error is one line with the right exit code, and whose help has groups.

    Args:
        args: As click's.
        sections: Tables that a ``--config`` file may hold.
        settings_classes: What it is told by: the source of its options and of those tables.
        kwargs: As click's.
    """

    def __init__(
        self,
        *args: Any,
        sections: frozenset[str],
        settings_classes: Sequence[type[Any]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections
        self.settings_classes = tuple(settings_classes)

    def main(self, *args: Any, standalone_mode: bool = True, **further: Any) -> Any:
        """Parse the command line and run."""
        main: Callable[..., object] = super().main

        def parse_and_run() -> object:
            try:
                return main(*args, standalone_mode=False, **further)
            except click.ClickException as error:
                raise UsageError(_reworded(error, self)) from error
            except click.Abort as error:
                raise KeyboardInterrupt from error

        return ends_with_exit_code(parse_and_run)() if standalone_mode else parse_and_run()

    def invoke(self, ctx: click.Context) -> Any:
        """Run the function; it ends in SystemExit."""
        ends_with_exit_code(super().invoke)(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under the headings of their settings classes."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                groups.setdefault(getattr(param, "title", "Command"), []).append(record)
        for title, records in groups.items():
            with formatter.section(f"{title} options" if len(groups) > 1 else "Options"):
                formatter.write_dl(records)


class DeclaredType(click.ParamType):  # type: ignore[type-arg]
    """Texts of the command line as values of a declared setting."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.name = metavar(declaration)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read one text; what a file gave has its kind already."""
        del param, ctx
        one = self.declaration
        if value == "":
            return one.check("")
        if isinstance(value, Path):
            one.check_on_disk(value)
        if not isinstance(value, str):
            return value
        found = one.check([value])[0] if _repeats(one) else one.check(_number_of(one.core, value))
        if isinstance(found, Path):
            one.check_on_disk(found)
        return found


def _flagged(settings_class: type[Any]) -> list[tuple[str, Declaration]]:
    """List declarations that have a flag, each with the title of its class."""
    found = []
    for path, one in leaves(settings_class):
        home = settings_class
        for name in path:
            home = typing.cast(Any, home).__declarations__[name].section
        if one.flag:
            found.append((str(getattr(home, "__title__", "")), one))
    return found


def _param(one: Declaration, title: str, *, required: bool) -> click.Parameter:
    required = required and one.required
    if not one.flag.startswith("-"):
        argument = DeclaredArgument(
            [one.flag],
            type=DeclaredType(one),
            required=required,
            nargs=-1 if _repeats(one) else 1,
            metavar=f"[{metavar(one)}]..." if _repeats(one) else None,
        )
        argument.declaration = one
        return argument
    how: dict[str, Any] = {"type": DeclaredType(one), "metavar": metavar(one)}
    if one.core is bool:
        how = {"is_flag": True, "default": None}
    elif one.name == "config":
        how |= {"is_eager": True, "callback": _take_config}
    option = DeclaredOption(
        [one.flag],
        required=required,
        multiple=_repeats(one),
        show_default=False,
        help=help_text(one),
        **how,
    )
    option.declaration, option.title = one, title
    return option


def _repeats(one: Declaration) -> bool:
    return typing.get_origin(one.core) is tuple and one.written is None


def _number_of(kind: Any, text: str) -> Any:
    """The number that a text stands for; the text itself where it is none."""
    if kind not in (int, float):
        return text
    try:
        return kind(text)
    except ValueError:
        return text


def _take_config(ctx: click.Context, _: click.Parameter, path: Path | None) -> ConfigFile | None:
    """Read the file of ``--config``; its plain keys count as options that were given."""
    if path is None:
        return None
    file, running = read_config(path), ctx.command
    assert isinstance(running, Command)
    params = {str(param.name): param for param in running.params if param.name != "config"}
    refuse_unknown_keys(file.content, {*params, *running.sections}, path)
    values: dict[str, Any] = {}
    for key, value in file.plain.items():
        if key not in params:
            found = shortened(value)
            raise UsageError(problem(path, f"a table [{key}]", found, "write it as a table"))
        one: Declaration = params[key].declaration  # type: ignore[attr-defined]
        values[key] = one.check_at(value, f"{path}: {key}")
    tables = set(file.tables) - running.sections
    if tables:
        key = min(tables)
        raise UsageError(problem(path, f"a value for {key}", "a table", f"write {key} = ..."))
    ctx.default_map = {**(ctx.default_map or {}), **values}
    return file


def _reworded(error: click.ClickException, running: click.Command) -> str:
    """An error of click's, as where, expected, found and what to do."""
    name, help_line = str(running.name), f"see {running.name} --help"
    param = getattr(error, "param", None)
    one: Declaration | None = getattr(param, "declaration", None)
    if isinstance(error, click.MissingParameter) and one is not None:
        example = f"{one.flag} {metavar(one)}" if one.flag.startswith("-") else metavar(one)
        return problem(one.place, one.expected, "nothing", f"add {example}")
    if isinstance(error, click.NoSuchOption):
        known = [option for each in running.params for option in each.opts if option[:1] == "-"]
        near = difflib.get_close_matches(error.option_name, known, n=1, cutoff=0.6)
        remedy = f"did you mean {near[0]}?" if near else help_line
        return problem(name, "an option that it has", error.option_name, remedy)
    if isinstance(error, click.BadOptionUsage):
        flags = {option: each for each in running.params for option in each.opts}
        used = getattr(flags.get(error.option_name), "declaration", None)
        expected = used.expected if used is not None else "no value"
        if used is not None and used.core is bool:
            expected = "no value"
        found = "nothing" if expected != "no value" else "a value"
        return problem(error.option_name, expected, found, help_line)
    return problem(name, "what its help lists", error.format_message().rstrip("."), help_line)
