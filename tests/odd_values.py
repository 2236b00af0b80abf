"""Odd values for every option of every command, made from the declarations of the settings.

Convention:
    An odd value has a name for the report and the text that is typed. What must come of it is the
    same for all: a documented exit code, one line of error where the code is not 0, nothing
    changed outside of the outputs, and an end within seconds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from shared.declaration import Declaration
from shared.declarations import leaves
from shared.errors import PoseGanError
from shared.options import Command

DOCUMENTED = frozenset(
    {0, 130, *(each.exit_code for each in (PoseGanError, *PoseGanError.__subclasses__()))}
)
"""Every exit code that a command may end with, a fault of ours (70) not among them."""

TEXTS = {
    "empty": "",
    "a blank": " ",
    "unicode": "ß→🙂é",
    "other digits": "٣",
    "not encodable": "\udcff",
    "a dash": "-",
    "two dashes": "--",
    "markup": "[bold]x[/nonsense]",
    "a formula": "=1+1",
    "a line break": "a\nb",
    "an escape": "\x1b[31mred",
    "percent": "%s%n{0}",
    "very long": "x" * 100_000,
}
NUMBERS = {
    "huge": "1" + "0" * 30,
    "thousands of digits": "9" * 5_000,
    "beyond a float": "1e400",
    "infinite": "inf",
    "infinite below": "-inf",
    "no number": "nan",
    "negative": "-1",
    "negative zero": "-0.0",
    "zero": "0",
    "tiny": "1e-320",
    "underscores": "1_0",
    "blanks": " 4 ",
    "an exponent": "1e1",
    "a hex number": "0x10",
    "a comma": "1,5",
    "a size": "4x4",
    "a size of zero": "0x0",
    "a size of three": "8x8x8",
    "a negative size": "-8x-8",
    "a huge size": "1000000000x1000000000",
    "bytes": "1e30GB",
    "bytes below": "-1KB",
    "true": "true",
}
TOML = {
    "true": "true",
    "zero": "0",
    "negative": "-1",
    "a fraction": "0.5",
    "huge": "1" + "0" * 30,
    "infinite": "inf",
    "no number": "nan",
    "a text": '"text"',
    "empty": '""',
    "a NUL": '"\\u0000"',
    "a date": "1979-05-27",
    "an empty list": "[]",
    "a list": "[1, 'two', 3.0]",
    "lists in lists": "[[[[1]]]]",
    "a table": "{a = 1}",
    "an empty table": "{}",
    "a table in a list": "[{a = 1}]",
}
FILES: dict[str, bytes] = {
    "empty": b"",
    "a mark of the byte order": b"\xef\xbb\xbfa = 1\n",
    "not UTF-8": b"a = '\xff\xfe'\n",
    "UTF-16": "a = 1\n".encode("utf-16"),
    "NULs": bytes(1000),
    "junk": bytes(range(256)) * 40,
    "unknown key": b"no-such-setting = 1\n",
    "unknown table": b"[no-such-table]\na = 1\n",
    "a key twice": b"config = 'x'\nconfig = 'x'\n",
    "config within config": b"config = 'other.toml'\n",
    "an empty key": b'"" = 1\n',
    "a key of blanks": b'" a\\nb" = 1\n',
    "deep lists": b"a = " + b"[" * 20_000 + b"]" * 20_000,
    "deep tables": b"[" + b".".join([b"a"] * 5_000) + b"]\nb = 1\n",
    "a huge number": b"seed = " + b"9" * 5_000 + b"\n",
    "10 MB": b"a = '" + b"x" * 10_000_000 + b"'\n",
    "10 MB of keys": b"".join(b"key-%07d = 1\n" % number for number in range(100_000)),
    "unfinished": b"a = [\n",
}
"""Contents of a file of ``--config``."""


def just_outside(declaration: Declaration) -> Iterator[tuple[str, str]]:
    """The values next to a range, outside of it."""
    bounds, whole = declaration.bounds, declaration.core is int
    step = 1 if whole else 1e-9
    for name, edge in (("below", bounds.ge), ("above", bounds.le)):
        if edge is not None:
            value = edge + (step if name == "above" else -step)
            yield f"just {name}", str(value) if whole else repr(value)
    for name, edge in (("at the open start", bounds.gt), ("at the open end", bounds.lt)):
        if edge is not None:
            yield name, str(edge)
    if bounds.multiple_of:
        yield "no multiple", f"{bounds.multiple_of + 1}x{bounds.multiple_of}"


def odd_texts(declaration: Declaration) -> dict[str, str]:
    """What can be typed in the place of a value that is no path."""
    return {**TEXTS, **NUMBERS, **dict(just_outside(declaration))}


def odd_places(folder: Path) -> dict[str, str]:
    """Make what may lie where a file or a folder is expected.

    Args:
        folder: An empty folder; ``strangers`` in it must not change later.

    Returns:
        Names and paths.
    """
    strangers = folder / "strangers"
    strangers.mkdir()
    for name in ("keypoints.csv", "pairs.csv", "manifest.json", "a.png", ".lock"):
        (strangers / name).write_text(f"the only copy of {name}\n")
    made: dict[str, Callable[[Path], object]] = {
        "a folder": lambda path: path.mkdir(),
        "an empty file": lambda path: path.touch(),
        "a text": lambda path: path.write_text("a,b\n1,2\n"),
        "junk": lambda path: path.write_bytes(bytes(range(256)) * 40),
        "a link to nowhere": lambda path: path.symlink_to(folder / "nowhere" / "at-all"),
        "a link to itself": lambda path: path.symlink_to(path),
        "a link to a stranger's file": lambda path: path.symlink_to(strangers / "keypoints.csv"),
        "a link to a stranger's folder": lambda path: path.symlink_to(strangers),
        "a pipe": os.mkfifo,
        "no permission": lambda path: path.mkdir(mode=0),
    }
    if os.geteuid() == 0:  # nobody refuses root
        del made["no permission"]
    for number, make in enumerate(made.values()):
        make(folder / f"odd-{number}")
    return {
        **{name: str(folder / f"odd-{number}") for number, name in enumerate(made)},
        "absent": str(folder / "absent"),
        "absent, deeper": str(folder / "absent" / "deeper" / "still.csv"),
        "below a file": str(strangers / "keypoints.csv" / "below"),
        "a stranger's folder": str(strangers),
        "a stranger's file": str(strangers / "keypoints.csv"),
        "empty": "",
        "a dot": ".",
        "the root": "/",
        "/dev/null": "/dev/null",
        "/dev/full": "/dev/full",
        "a process's memory": "/proc/self/mem",
        "5,000 characters": str(folder / ("x" * 5_000)),
        "300 characters": str(folder / ("x" * 300)),
        "a NUL": f"{folder}/a\0b",
        "not encodable": f"{folder}/\udcff\udcfe",
        "a line break": f"{folder}/a\nb",
        "markup": f"{folder}/[bold]x[/red].csv",
        "a home": "~nobody-of-this-name/x",
    }


def file_of(path: tuple[str, ...], key: str, value: str) -> str:
    """A file of ``--config`` with one value, in the tables that it lies in."""
    heading = f"[{'.'.join(path)}]\n" if path else ""
    return f"{heading}{key} = {value}\n"


def keys_of(command: Command) -> list[tuple[tuple[str, ...], str]]:
    """Everything that a command's file may set: options by name, and the settings in tables."""
    found = {((), str(param.name)): None for param in command.params if param.name != "config"}
    for settings_class in command.settings_classes:
        for path, one in leaves(settings_class):
            if path:
                found[path, one.name] = None
    return list(found)


def fault_of(code: int, said: str, error: BaseException | None) -> str | None:
    """What is wrong with the end of a command; None where it is as it should be.

    Args:
        code: Exit code.
        said: What it wrote to stderr.
        error: What it raised besides SystemExit.
    """
    if error is not None and not isinstance(error, SystemExit):
        return f"raised {error!r}"
    if code not in DOCUMENTED:
        return f"exit code {code}: {last_line(said)}"
    lines = [line for line in said.splitlines() if line.startswith("error: ")]
    if "Traceback" in said:
        return f"a traceback: {last_line(said)}"
    if code and (len(lines) != 1 or last_line(said) != lines[0]):
        return f"exit code {code} with {len(lines)} lines of error: {said[-300:]!r}"
    if not code and lines:
        return f"exit code 0 and an error: {lines[0]}"
    return None


def last_line(said: str) -> str:
    """The last line that is not empty."""
    return next((line for line in reversed(said.splitlines()) if line.strip()), "")


def noted(folder: Path) -> dict[str, str | bytes | None]:
    """Everything below a folder: content of files, targets of links."""
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else None
        for path in sorted(folder.rglob("*"))
    }


def assert_unchanged(folder: Path, before: dict[str, str | bytes | None]) -> None:
    """Everything below a folder is as it was noted."""
    after = noted(folder)
    assert after.keys() == before.keys(), sorted(after.keys() ^ before.keys())[:10]
    assert after == before, [name for name in after if after[name] != before[name]][:10]
