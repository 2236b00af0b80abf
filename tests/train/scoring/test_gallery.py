"""The gallery before a judge: who is part of it, who asks, and when a judge is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from people_pictures import name_of, person
from PIL import Image
from shard_folders import publish_folder, small_shards
from torch import Tensor

from data_manifest.manifest import open_manifest
from data_manifest.shard import read_shard
from shared.errors import UsageError
from train.scoring import gallery as module
from train.scoring.gallery import Gallery, file_form, open_gallery, require_fit
from train.scoring.pairing import Pair
from train.scoring.pictures import Cut

WHERE = Path("reid.pt")


class Colours:
    """A stand-in for a judge: the mean colour."""

    def __call__(self, images: Tensor) -> np.ndarray:
        return np.asarray(images.double().mean((1, 2)).numpy().astype(np.float32))


def gallery_of(
    labels: list[tuple[int, int]], embeddings: np.ndarray, mean: np.ndarray | None = None
) -> Gallery:
    return Gallery(
        names=tuple(f"n{row}" for row in range(len(labels))),
        labels=np.array(labels, np.int64),
        embeddings=embeddings.astype(np.float32),
        mean=np.zeros(embeddings.shape[1], np.float32) if mean is None else mean,
        origin={"num_images": len(labels), "num_people": 1},
    )


def crowd(wrong: int) -> Gallery:
    """A hundred people seen twice, so many of whom do not find themselves."""
    labels = [(who, camera) for who in range(1, 101) for camera in (1, 2)]
    embeddings = np.repeat(np.eye(100), 2, axis=0)
    embeddings[1 : 2 * wrong : 2] *= -1  # their second picture is their own opposite
    mean = np.zeros(100, np.float32)
    mean[-1] = 1
    return gallery_of(labels, embeddings, mean)


def test_only_the_asker_s_own_person_by_its_own_camera_is_left_out() -> None:
    own_camera, other_camera = (1, 1), (1, 2)
    gallery = gallery_of(
        [own_camera, other_camera, (2, 1)], np.array([[1, 0], [0.5, 0.5], [0.9, 0.1]])
    )
    asked = np.array([[1.0, 0.0]], np.float32)
    found = gallery.answers(asked, np.array([own_camera]))
    # The stranger by the same camera is an answer, and the first one; the own picture is none.
    assert (found.rank_1[0], found.precision[0]) == (0, 0.5)


def test_each_asker_has_its_own_source_in_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUERIES_AT_ONCE", 2)
    labels = [(1, 2), (1, 3), (2, 1)]
    gallery = gallery_of(labels, np.array([[1, 0], [0.6, 0.8], [0.8, 0.6]]))
    asked = np.tile(np.array([[1.0, 0.0]], np.float32), (5, 1))
    sources = [None, None, None, "n0.jpg", None]
    found = gallery.answers(asked, np.tile([[1, 1]], (5, 1)), sources)
    assert found.rank_1.tolist() == [1, 1, 1, 0, 1]


def test_distractors_are_answers_and_do_not_ask() -> None:
    asking: list[int] = []

    class Asked(Gallery):
        def answers(self, embeddings: Any, labels: Any, sources: Any = ()) -> Any:
            asking.append(len(labels))
            return super().answers(embeddings, labels, sources)

    people = crowd(0)
    fields = dict(vars(people))
    fields["labels"] = np.concatenate((people.labels, [(0, 1), (0, 2)]))
    fields["embeddings"] = np.concatenate((people.embeddings, np.zeros((2, 100), np.float32)))
    fields["names"] = (*people.names, "d1", "d2")
    require_fit(Asked(**fields), WHERE)
    assert asking == [200, 200]


def test_a_judge_is_fit_from_97_of_a_hundred_on() -> None:
    figures = require_fit(crowd(3), WHERE)
    assert figures["real_rank_1"] == pytest.approx(0.97) and figures["real_map"] < 1
    with pytest.raises(UsageError, match=r"0\.960 and"):
        require_fit(crowd(4), WHERE)


def test_a_judge_that_knows_the_mean_image_is_refused() -> None:
    labels = [(who, camera) for who in range(1, 21) for camera in (1, 2)]
    embeddings = np.repeat(np.eye(20), 2, axis=0)
    one = np.zeros(20, np.float32)
    one[0] = 1  # the mean image looks like the first of twenty people: 5 %, still allowed
    assert require_fit(gallery_of(labels, embeddings, one), WHERE)["mean_rank_1"] == 0.05
    wider = gallery_of(labels[:38], embeddings[:38], one)  # the same of nineteen
    with pytest.raises(UsageError, match=r"1\.000 and 0\.053"):
        require_fit(wider, WHERE)


def test_an_asker_without_a_right_answer_does_not_count() -> None:
    whole = crowd(0)
    fields = dict(vars(whole))
    fields["labels"] = np.concatenate((whole.labels, [(200 + n, 1) for n in range(30)]))
    fields["embeddings"] = np.concatenate((whole.embeddings, np.zeros((30, 100), np.float32)))
    fields["names"] = (*whole.names, *(f"alone{n}" for n in range(30)))
    assert require_fit(Gallery(**fields), WHERE)["real_rank_1"] == 1


def save(path: Path, identity: int, camera: int, size: tuple[int, int] = (32, 16)) -> Path:
    path.mkdir(exist_ok=True)
    Image.fromarray(person(identity, camera, size)).save(path / name_of(identity, camera))
    return path / name_of(identity, camera)


def test_pairs_bring_their_targets_and_sources_once(tmp_path: Path) -> None:
    files = {(who, camera): save(tmp_path, who, camera) for who in (1, 2) for camera in (1, 2)}
    pairs = tuple(
        Pair(
            name=f"{who}",
            target=name_of(who, 2)[:-4],
            source=name_of(who, 1)[:-4],
            generated=Cut(Path("g")),
            real=Cut(files[who, 2]),
            original=Cut(files[who, 1]),
        )
        for who in (2, 1, 1)
    )
    found = open_gallery(None, pairs, Colours())  # type: ignore[arg-type]
    assert found.labels.tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
    assert found.names == tuple(name_of(*label)[:-4] for label in found.labels.tolist())
    assert found.origin["num_images"] == 4 and found.origin["num_people"] == 2
    expected = np.stack([person(*label).mean((0, 1)) for label in found.labels.tolist()])
    np.testing.assert_allclose(found.embeddings, expected, rtol=1e-5)


def test_a_folder_of_pictures_keeps_distractors_and_every_size(tmp_path: Path) -> None:
    for who, camera, size in (
        (3, 1, (32, 16)),
        (1, 1, (40, 20)),
        (0, 2, (40, 20)),
        (-1, 1, (8, 8)),
    ):
        save(tmp_path, who, camera, size)
    found = open_gallery(tmp_path, (), Colours())  # type: ignore[arg-type]
    assert found.labels.tolist() == [[0, 2], [1, 1], [3, 1]]
    assert found.origin["num_people"] == 2 and found.origin["form"] == "PNG"
    assert found.origin["set"] == tmp_path.name


def test_of_shards_the_test_split_is_taken(tmp_path: Path) -> None:
    publish_folder(tmp_path, small_shards())
    shards = open_manifest(tmp_path).of_split("test")
    names = [n for shard in shards for n in read_shard(tmp_path / shard.file).names.tolist()]
    found = open_gallery(tmp_path, (), Colours())  # type: ignore[arg-type]
    assert found.names == tuple(name.decode().removesuffix(".jpg") for name in names)
    assert found.origin["form"] == "pixels of shards"


def test_the_form_of_files_names_every_kind_once() -> None:
    paths = [Path(name) for name in ("a.jpg", "b.JPEG", "c.png", "d.jpg")]
    assert file_form(paths) == "JPEG, PNG" and file_form(paths[2:3]) == "PNG"


def test_an_empty_gallery_is_refused(tmp_path: Path) -> None:
    save(tmp_path, -1, 1)
    with pytest.raises(UsageError, match="real test images"):
        open_gallery(tmp_path, (), Colours())  # type: ignore[arg-type]


def test_the_mean_image_is_the_rounded_mean_of_all(tmp_path: Path) -> None:
    class Watching(Colours):
        def __init__(self) -> None:
            self.last = torch.zeros(0)

        def __call__(self, images: Tensor) -> np.ndarray:
            self.last = images
            return super().__call__(images)

    for row, level in enumerate((10, 11, 11)):
        picture = Image.fromarray(np.full((128, 64, 3), level, np.uint8))
        picture.save(tmp_path / name_of(row + 1, 1))
    judge = Watching()
    found = open_gallery(tmp_path, (), judge)  # type: ignore[arg-type]
    assert judge.last.unique().tolist() == [11]
    np.testing.assert_allclose(found.mean, 11)
