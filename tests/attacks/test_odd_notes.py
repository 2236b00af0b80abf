"""Whatever lies in the place of a note or marker: one line, nothing else touched, no hang."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from attacked import finish
from command_rows import ROWS, Row
from commands import call
from made_once import made_once
from odd_values import fault_of

from shared.folder_lock import LOCK_NAME

pytestmark = pytest.mark.slow

LIMIT_S = 120
"""A call takes a second or two; only a hang takes so long."""

NOTES = {
    "prep-market": (".posegan.json", "manifest.json", ".work/settings.json", "images.csv",
                    ".work/shards/train-00000.h5.json", "train-00000.h5"),
    "draw-market": (".posegan.json", "draw-market.json", "keypoints-train.csv"),
    "extract-poses": (".poses.csv.posegan.json", "poses-sizes.csv"),
    "train-gan": (".posegan.json", "settings.json", "log.jsonl", "checkpoint-0000000024.pt",
                  "checkpoint-0000000024.pt.sha256"),
    "eval-gan of a run": (".posegan.json", "generated.json", "metrics.json"),
    "copy-shards": (".posegan.json", "manifest.json", "train-00000.h5"),
    "train-reid": (".posegan.json", "reid.pt", "reid.pt.sha256"),
    "export-generator": (".posegan.json", "config.json"),
    "augment-reid": (".posegan.json", "augment.json", "provenance.csv"),
    "inspect-shards": (".sheet.png.posegan.json",),
    "export-pairs": (".posegan.json", "export.json", "dataset/market/market-pairs-train.csv"),
    "check-reid": (".reid.json.posegan.json",),
    "repose": (".posegan.json", "repose.json"),
    "report-run": (".run.html.posegan.json",),
}  # fmt: skip
"""What lies in a finished output and is read when the command is repeated."""

FORGED = {"format": 1, "made_by": "\ud800", "files": ["\ud800", "\0", "", "../x", 3]}
TEXTS: dict[str, bytes] = {
    "empty": b"",
    "text": b"hello\n",
    "null": b"null",
    "a list": b"[1, 2]",
    "a number": b"3",
    "nested": b"[" * 100_000,
    "a huge number": b'{"format": ' + b"9" * 5_000 + b"}",
    "binary": bytes(range(256)) * 50,
    "30 MB": b'{"a": "' + b"x" * 30_000_000 + b'"}',
    "wrong types": b'{"settings": [], "key": [], "entry": 1, "source": 1, "shards": 2, "files": 3}',
    "forged": json.dumps(FORGED).encode(),
}
PLACED: dict[str, Callable[[Path, Path], object]] = {
    **{name: lambda path, _, text=text: path.write_bytes(text) for name, text in TEXTS.items()},
    "a folder": lambda path, _: path.mkdir(),
    "a link": lambda path, aside: path.symlink_to(aside),
    "a link to nothing": lambda path, _: path.symlink_to(path.with_name("nothing")),
    "a link to itself": lambda path, _: path.symlink_to(path),
    "a pipe": lambda path, _: os.mkfifo(path),
    "a terabyte": lambda path, _: (path.touch(), os.truncate(path, 1 << 40)),
}
IN_THE_SUITE = ("null", "nested", "a folder", "a link", "a pipe", "a terabyte")


class HangError(BaseException):
    """A command did not come to its end."""


def ring(*_: object) -> None:
    raise HangError


def seen(folder: Path) -> dict[str, object]:
    """Everything below a folder but locks: kind, and content where it is no monster."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        small = path.is_file() and not path.is_symlink() and state.st_size < 1 << 27
        content = path.read_bytes() if small else path.is_symlink() and str(path.readlink())
        if path.name != LOCK_NAME:
            found[str(path.relative_to(folder))] = (state.st_mode, content)
    return found


def outcome(row: Row, data: Path, out: Path) -> tuple[int, str, BaseException | None]:
    """Exit code, stderr and exception of a row; in a process where it needs one of its own."""
    if row.before:
        ended = finish(row, data, out)
        return ended.returncode, ended.stderr, None
    done = call(row.name, *row.whole(data, out))
    return done.exit_code, done.stderr, done.exception


def every_case() -> list[object]:
    return [
        pytest.param(
            row, note, kind,
            id=f"{row.case}-{note}-{kind}",
            marks=pytest.mark.process if kind in IN_THE_SUITE else pytest.mark.promises,
        )
        for row in ROWS
        for note in NOTES.get(row.case, ())
        for kind in PLACED
    ]  # fmt: skip


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("row", "note", "kind"), every_case())
def test_an_odd_note_is_one_line_and_nothing_else_is_touched(
    row: Row,
    note: str,
    kind: str,
    data: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    def make(folder: Path) -> None:
        assert finish(row, data, folder / "out").returncode == 0

    whole = made_once(tmp_path_factory, f"undisturbed-{row.case.replace(' ', '-')}", make) / "out"
    out, aside = tmp_path / "out", tmp_path / "aside.json"
    shutil.copytree(whole, out)
    aside.write_text('{"a": "the only copy"}')
    if (out / note).exists():
        (out / note).unlink()
    PLACED[kind](out / note, aside)
    before = seen(out)
    old = signal.signal(signal.SIGALRM, ring)
    signal.alarm(LIMIT_S)
    try:
        code, said, error = outcome(row, data, out)
    except HangError:
        pytest.fail("hangs", pytrace=False)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)
    assert fault_of(code, said, error) is None, said
    assert aside.read_text() == '{"a": "the only copy"}'
    if code:
        assert seen(out) == before, said


def test_every_row_with_an_output_has_its_notes_tried() -> None:
    with_notes = {row.name for row in ROWS if row.finished}
    assert with_notes == {row.name for row in ROWS if row.case in NOTES}
