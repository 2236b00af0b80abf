"""What a half-drawn data set left behind, changed by somebody: one line, and no picture touched."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from commands import call
from odd_values import fault_of

from preprocess.demo import market
from preprocess.demo.market import RECORD_FILE, DrawSettings, draw_market
from shared.console import Console
from shared.errors import StoppedError

pytestmark = pytest.mark.long

DRAW = ("--identities", 4, "--images-per-identity", 2, "--workers", 1, "--out")
NOTE = ".drawing/block-00000.json"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set whose pictures are drawn and whose tables are not."""
    out = tmp_path_factory.mktemp("begun") / "out"

    def stop(*_: Any, **__: Any) -> None:
        raise StoppedError("stopped")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(StoppedError):
        patch.setattr(market, "publish_tables", stop)
        draw_market(DrawSettings(identities=4, images_per_identity=2), out, Console(quiet=True))
    assert (out / NOTE).is_file()
    return out


def pictures(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.jpg")}


def one_row(note: list[Any], value: Any) -> list[Any]:
    return [[value, *note[0][1:]], *note[1:]]


ODD_ROWS: dict[str, Any] = {
    "a huge number": [[10**400] * 2] * 18,
    "texts": [["a", "b"]] * 18,
    "short": [[1, 2]] * 17,
    "nested": [[[1], [2]]] * 18,
    "a table": {"a": 1},
    "nothing": None,
}


@pytest.mark.parametrize("case", ODD_ROWS)
def test_an_odd_row_of_a_blocks_note_is_one_line(case: str, begun: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(begun, out)
    note = json.loads((out / NOTE).read_text())
    (out / NOTE).write_text(json.dumps(one_row(note, ODD_ROWS[case])))
    before = pictures(out)
    done = call("draw-market", *DRAW, out)
    assert fault_of(done.exit_code, done.stderr, done.exception) is None, done.stderr
    assert done.exit_code == 6 and "block-00000.json" in done.stderr.splitlines()[-1]
    assert pictures(out) == before
    (out / NOTE).unlink()
    assert call("draw-market", *DRAW, out).exit_code == 0
    assert pictures(out).items() >= before.items()


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "3", '"x"', "{}", '{"settings": null}', '{"settings": {}}',
     '{"settings": {"identities": {}}}', '{"settings": {"seed": [1e400]}}',
     '{"settings": {"a": {"b": {"c": 1}}}}', "[" * 100_000],
)  # fmt: skip
def test_odd_settings_of_a_begun_data_set_are_one_line(
    text: str, begun: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(begun, out)
    (out / RECORD_FILE).write_text(text)
    before = pictures(out)
    done = call("draw-market", *DRAW, out)
    assert fault_of(done.exit_code, done.stderr, done.exception) is None, done.stderr
    assert done.exit_code in (2, 6), done.stderr
    assert len(done.stderr.splitlines()[-1]) < 900
    assert pictures(out) == before
