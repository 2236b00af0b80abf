"""The pictures that a judge keeps, and what is said without a fit one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from augmented import augment, files_of, table_of, typed
from commands import call
from onnx_networks import clothes
from people_pictures import write_people

from shared.errors import UsageError
from train.reid import judges

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("small_blocks")]


class Reds:
    """A stand-in for a judge that is fit: it sees the means of the colours, by stripes."""

    sha256 = "7e" * 32
    origin: ClassVar[dict[str, Any]] = {}

    def __call__(self, images: Any) -> np.ndarray:
        pixels = images.numpy().astype(np.float32)
        height, width = pixels.shape[1:3]
        middle = pixels[:, :, width // 4 : -width // 4]
        rows = ((1, 3), (3, 9), (9, 15))
        parts = [middle[:, a * height // 16 : b * height // 16].mean((1, 2)) for a, b in rows]
        found = np.concatenate(parts, 1) - 128
        return np.asarray(found / (np.linalg.norm(found, axis=1, keepdims=True) + 1e-6))


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Settings with a judge that real test images find fit."""
    monkeypatch.setattr(judges, "read_judge", lambda *_: Reds())
    gallery = write_people(tmp_path / "gallery", range(1, 31))
    (tmp_path / "reid.pt").write_bytes(b"stands in")
    return {"reid": tmp_path / "reid.pt", "gallery": gallery}


@pytest.mark.parametrize("layout", ["market", "folders", "list"])
def test_those_are_kept_whom_the_judge_finds_nearest(
    data: Path, tmp_path: Path, judged: dict[str, Any], layout: str
) -> None:
    out = augment(data, tmp_path / "out", keep=0.25, layout=layout, **judged)
    table = table_of(out)
    kept = table["kept"] == 1
    assert len(table) == 16 and kept.sum() == 4 and set(table["judge"]) == {"7e" * 32}
    assert table.loc[kept, "distance"].max() <= table.loc[~kept, "distance"].min()
    assert [(out / name).is_file() for name in table["file"]] == kept.tolist()
    generated = list(out.rglob("*g?.jpg"))
    assert len(generated) == 4 and call("check-reid", out).exit_code == 0
    before = files_of(out)
    augment(data, out, keep=0.25, layout=layout, **judged)
    assert files_of(out) == before


def test_a_judge_that_knows_nobody_is_refused_as_by_eval_gan(
    data: Path, tmp_path: Path, judged: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = Reds()
    monkeypatch.setattr(judges, "read_judge", lambda *_: blind)
    monkeypatch.setattr(Reds, "__call__", lambda _, images: np.ones((len(images), 4)) / 2)
    with pytest.raises(UsageError) as refused:
        augment(data, tmp_path / "out", **judged)
    assert "expected a judge with rank-1 of real images 0.97 or more" in refused.value.message
    assert not (tmp_path / "out").exists()


def test_a_network_of_the_users_own_judges_too(data: Path, tmp_path: Path) -> None:
    own = clothes(tmp_path / "own.onnx")
    gallery = write_people(tmp_path / "gallery", range(1, 31))
    judged = {"reid": own, "reid_pixels": "unit", "gallery": gallery}
    out = augment(data, tmp_path / "out", keep=0.25, **judged)
    table = table_of(out)
    kept = table["kept"] == 1
    assert kept.sum() == 4 and table["distance"].notna().all()
    assert table.loc[kept, "distance"].max() <= table.loc[~kept, "distance"].min()
    assert set(table["judge"]) == {hashlib.sha256(own.read_bytes()).hexdigest()}
    words = ("--per-image", 2, "--keep", 0.25, "--reid", own, "--gallery", gallery)
    again = typed(data, out, *words, "--reid-pixels", "unit")
    assert again.exit_code == 0 and "is finished already" in again.stdout, again.stderr


def test_other_values_for_the_network_are_another_request(data: Path, tmp_path: Path) -> None:
    judged = {"reid": clothes(tmp_path / "own.onnx"), "keep": 0.25}
    judged["gallery"] = write_people(tmp_path / "gallery", range(1, 31))
    out = augment(data, tmp_path / "out", **judged, reid_pixels="unit")
    with pytest.raises(UsageError, match="reid_pixels: was unit, now bytes"):
        augment(data, out, **judged, reid_pixels="bytes")


@pytest.mark.parametrize("words", [("--keep", "0.5"), ("--gallery", "{data}/real/query")])
def test_what_needs_a_judge_says_so(data: Path, tmp_path: Path, words: tuple[str, str]) -> None:
    done = typed(data, tmp_path / "out", words[0], words[1].format(data=data))
    assert done.exit_code == 2
    assert done.stderr == (
        f"error: {words[0]}: expected a judge, --reid FILE, beside it, found none; make one with "
        "train-reid\n"
    )
