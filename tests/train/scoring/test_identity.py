"""Identity among real images: Market's rule, the gallery's forms, and judges that are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from commands import call
from people_pictures import name_of, person
from PIL import Image
from torch import Tensor

import train.inference.systems as _loaded  # noqa: F401 - an import of its own asks `uname`
from shared.errors import UsageError
from train.reid import judges
from train.reid.judge import Judge
from train.scoring.gallery import Gallery, open_gallery, require_fit

PEOPLE, CAMERAS = range(1, 31), range(1, 4)


class Clothes:
    """A stand-in for a judge: it sees the mean colours of the clothes."""

    sha256 = "5" * 64
    origin: ClassVar[dict[str, Any]] = {}

    def __call__(self, images: Tensor) -> np.ndarray:
        pixels = images.numpy().astype(np.float32)
        height, width = images.shape[1:3]
        middle = pixels[:, :, width // 4 : -width // 4]
        rows = ((1, 3), (3, 9), (9, 15))
        parts = [middle[:, a * height // 16 : b * height // 16].mean((1, 2)) for a, b in rows]
        found = np.concatenate(parts, 1) - 128
        return np.asarray(found / (np.linalg.norm(found, axis=1, keepdims=True) + 1e-6))


class Blind(Clothes):
    """It sees nothing."""

    def __call__(self, images: Tensor) -> np.ndarray:
        return np.ones((len(images), 4), np.float32) / 2


@pytest.fixture
def market(tmp_path: Path) -> Path:
    """Real test images, junk and distractors among them, and two systems of three pairs each."""
    for folder in ("gallery", "copies", "strangers"):
        (tmp_path / folder).mkdir()
    for one in (*PEOPLE, 0, -1):
        for camera in CAMERAS:
            image = Image.fromarray(person(one, camera))
            image.save(tmp_path / "gallery" / name_of(one, camera))
    for one in (1, 2, 3):
        source, target = person(one, 1), person(one, 2)
        name = f"{name_of(one, 1)[:-4]}_2_{name_of(one, 2)[:-4]}.png"
        for folder, drawn in (("copies", source), ("strangers", person(one + 10, 2))):
            row = np.concatenate((source, target, drawn), 1)
            Image.fromarray(row).save(tmp_path / folder / name)
    return tmp_path


def scored(market: Path, system: str, monkeypatch: pytest.MonkeyPatch, judge: Any) -> Any:
    monkeypatch.setattr(judges, "read_judge", lambda *_: judge)
    (market / "reid.pt").write_bytes(b"stands in")
    return call(
        *("eval-gan", "--panels", market / system, "--image-size", "32x16", "--force"),
        *("--reid", market / "reid.pt", "--gallery", market / "gallery"),
        *("--protocols", "rank-1,map,fid/reid", "--out", market / f"scores-{system}"),
    )


def test_a_copy_finds_its_person_and_a_stranger_does_not(
    market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for system, value in (("copies", 1.0), ("strangers", 0.0)):
        done = scored(market, system, monkeypatch, Clothes())
        assert done.exit_code == 0, done.stderr
        report = json.loads((market / f"scores-{system}" / "metrics.json").read_text())
        entry = report["rank-1"]["reid-55555555"]
        assert entry["value"] == value and entry["n"] == 3
        assert report["controls"]["source"]["rank-1"]["reid-55555555"]["value"] == 1
        assert report["judge"]["gallery"]["num_images"] == 31 * 3  # junk is no part of it
        assert report["judge"]["gallery"]["num_people"] == 30
        found = report["references"]["fid/reid-55555555"]
        assert found["form"] == "PNG" and found["num_images"] == 3 and found["floor"] < 1e-6
        assert "floor" in (market / f"scores-{system}" / "table.md").read_text()


def test_a_judge_that_knows_nobody_is_refused_with_its_figures(
    market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = scored(market, "copies", monkeypatch, Blind())
    assert done.exit_code == 2
    (line,) = [one for one in done.stderr.splitlines() if one.startswith("error: ")]
    assert "reid.pt: expected a judge with rank-1 of real images 0.97" in line
    assert "among 93 images of 30 people" in line


def test_the_source_and_the_own_camera_are_no_answers() -> None:
    gallery = Gallery(
        names=("source", "same camera", "other", "stranger"),
        labels=np.array([[1, 1], [1, 2], [1, 3], [2, 1]]),
        embeddings=np.array([[1, 0], [1, 0], [0.6, 0.8], [0.8, 0.6]], np.float32),
        mean=np.zeros(2, np.float32),
        origin={},
    )
    asked, label = np.array([[1, 0]], np.float32), np.array([[1, 2]])
    free, without = gallery.answers(asked, label), gallery.answers(asked, label, ["source.jpg"])
    assert (free.rank_1[0], without.rank_1[0]) == (1, 0)
    assert (free.precision[0], without.precision[0]) == (pytest.approx((1 + 2 / 3) / 2), 0.5)


def test_a_gallery_of_nobody_and_names_that_tell_nothing_are_refused(tmp_path: Path) -> None:
    judge: Judge = Clothes()  # type: ignore[assignment]
    Image.fromarray(person(0, 1)).save(tmp_path / name_of(0, 1))
    with pytest.raises(UsageError, match="of people"):
        require_fit(open_gallery(tmp_path, (), judge), tmp_path)
    Image.fromarray(person(0, 1)).save(tmp_path / "holiday.png")
    with pytest.raises(UsageError, match="IDENTITY_cCAMERA"):
        open_gallery(tmp_path, (), judge)


def test_the_mean_image_is_what_the_gallery_looks_like_on_average(market: Path) -> None:
    seen: list[Tensor] = []

    class Watching(Clothes):
        def __call__(self, images: Tensor) -> np.ndarray:
            seen.append(images)
            return super().__call__(images)

    open_gallery(market / "gallery", (), Watching())  # type: ignore[arg-type]
    assert seen[-1].shape == (1, 128, 64, 3) and seen[-1].dtype == torch.uint8
    whole = torch.cat(seen[:-1]).double().mean()
    assert abs(float(seen[-1].double().mean() - whole)) < 1
