"""The seam of data sets: another layout of folders goes through the whole stage unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from poses import random_poses
from small_market import ContentEstimator, hashes, jpeg, write_pairs

from data_manifest.manifest import open_manifest
from data_manifest.published_files import write_keypoints
from data_manifest.shard import read_shard
from data_manifest.tables import load_images, load_pairs
from data_manifest.validate import findings
from preprocess.pipeline import run
from preprocess.settings import (
    PoseSettings,
    PrepareSettings,
    RunSettings,
    ShardSettings,
    SourceKind,
    SourceSettings,
)
from preprocess.sources.registry import SOURCES
from preprocess.sources.source import SKIPPED, Listing, OtherFile, SourceImage, Verdict
from shared.console import Console
from shared.errors import UsageError

NOBODY = "passers-by"


@dataclass(frozen=True)
class PersonFolders:
    """One folder a person, every third one for testing; nobody says which camera it was."""

    root: Path

    @property
    def settings(self) -> Mapping[str, object]:
        return {"layout": "one folder a person"}

    def listing(self) -> Listing:
        images, others = [], []
        for number, folder in enumerate(sorted(p for p in self.root.iterdir() if p.is_dir())):
            for path in sorted(folder.iterdir()):
                name = f"{folder.name} {path.stem}{path.suffix}"
                split = "test" if number % 3 == 2 else "train"
                stranger = Verdict("stranger", "nobody knows them")
                if path.suffix != ".jpg":
                    verdict = Verdict(SKIPPED, "not an image")
                    others.append(
                        OtherFile(name=name, folder=folder.name, split=split, verdict=verdict)
                    )
                    continue
                images.append(
                    SourceImage(
                        path=path,
                        split=split,
                        identity=number,
                        never_paired=stranger if folder.name == NOBODY else None,
                        name=name,
                        other_name=f"{folder.name}/{path.name}",
                        folder=folder.name,
                        num_bytes=path.stat().st_size,
                        columns={"frame": int(path.stem)},
                    )
                )
        return Listing(tuple(sorted(images, key=lambda image: image.split, reverse=True)),
                       tuple(others))  # fmt: skip


@pytest.fixture
def people(tmp_path: Path, rng: np.random.Generator) -> PersonFolders:
    root = tmp_path / "people"
    for person in ("Ada", "Ben", "Cleo", "Dan", "Eve", "Fay", NOBODY):
        (root / person).mkdir(parents=True)
        for number in range(3):
            (root / person / f"{number:04d}.jpg").write_bytes(jpeg(rng, (96, 40)))
    (root / "Ada" / "about.txt").write_text("Ada")
    return PersonFolders(root)


def prepare(people: PersonFolders, out: Path, **more: object) -> Path:
    shards = ShardSettings(image_size=(96, 40), shard_bytes=100_000, num_test_pairs=7)
    pose = PoseSettings(joint_threshold=0.4)
    settings = PrepareSettings(src=people.root, out=out, pose=pose, shards=shards, **more)
    out.mkdir(exist_ok=True)
    estimator = ContentEstimator()
    run(settings, people, Console(quiet=True), open_estimator=lambda *_: estimator)
    return out


def test_a_new_kind_of_data_set_becomes_valid_shards(people: PersonFolders, tmp_path: Path) -> None:
    out = prepare(people, tmp_path / "out")
    assert findings(out) == []
    images = load_images(out).set_index("name")
    assert (images["status"] == "valid").sum() == 18
    assert images.loc[f"{NOBODY} 0001.jpg", ["status", "reason", "folder"]].tolist() == [
        "stranger", "nobody knows them", NOBODY,
    ]  # fmt: skip
    assert images.loc["Ada about.txt", ["status", "reason"]].tolist() == ["skipped", "not an image"]
    assert images.loc["Ben 0002.jpg", ["identity", "frame", "split"]].tolist() == [1, 2, "train"]
    assert images["sequence"].isna().all() and images["box"].isna().all()
    assert len(load_pairs(out)) == 4 * 3 * 2 and len(load_pairs(out, "test")) == 7
    entry = open_manifest(out).of_split("test")[0]
    arrays = read_shard(out / entry.file, entry.sha256)
    assert arrays.names.tolist() == [f"Cleo {n:04d}.jpg".encode() for n in range(3)]
    assert arrays.identities.tolist() == [2, 2, 2] and (arrays.cameras == -1).all()


def test_key_points_and_pairs_may_call_an_image_by_its_other_name(
    people: PersonFolders, tmp_path: Path, rng: np.random.Generator
) -> None:
    names = tuple(image.other_name for image in people.listing().images)[::-1]
    joints = random_poses(rng, len(names), missing=0) * [40 / 64, 96 / 128]
    keypoints, pairs = tmp_path / "points.csv", tmp_path / "pairs.csv"
    write_keypoints(keypoints, names, joints)
    wanted = {"from": ["Ben/0001.jpg", "Ada 0002.jpg"], "to": ["Ben/0000.jpg", "Ada/0000.jpg"]}
    write_pairs(pairs, pd.DataFrame(wanted))
    out = prepare(people, tmp_path / "out", keypoints=(keypoints,), train_pairs=pairs)
    assert findings(out) == []
    found = load_pairs(out)
    assert found["from"].tolist() == ["Ben 0001.jpg", "Ada 0002.jpg"]
    assert found["to"].tolist() == ["Ben 0000.jpg", "Ada 0000.jpg"]
    images = load_images(out)
    assert images["name"][0] == "Fay 0002.jpg"  # the order of the key points' rows


def test_a_repeated_run_knows_the_data_set_again_and_another_reading_of_it_not(
    people: PersonFolders, tmp_path: Path
) -> None:
    out = prepare(people, tmp_path / "out")
    before = hashes(out)
    prepare(people, out)
    assert hashes(out) == before

    class OtherFolders(PersonFolders):
        @property
        def settings(self) -> Mapping[str, object]:
            return {"layout": "one folder a camera"}

    with pytest.raises(UsageError, match="layout: was one folder a person, now one folder a cam"):
        prepare(OtherFolders(people.root), out)


def test_an_image_with_a_fault_in_its_name_is_bad(people: PersonFolders, tmp_path: Path) -> None:
    class Faulty(PersonFolders):
        def listing(self) -> Listing:
            first, *rest = super().listing().images
            return Listing((replace(first, fault="no such day"), *rest))

    out = prepare(Faulty(people.root), tmp_path / "out", run=RunSettings(max_bad=1))
    row = load_images(out).iloc[0]
    assert row[["name", "status", "reason"]].tolist() == ["Ada 0000.jpg", "bad", "no such day"]


def test_a_column_that_the_table_does_not_have_is_refused(
    people: PersonFolders, tmp_path: Path
) -> None:
    class Weather(PersonFolders):
        def listing(self) -> Listing:
            first, *rest = super().listing().images
            return Listing((replace(first, columns={"weather": 3}), *rest))

    with pytest.raises(UsageError, match="weather"):
        prepare(Weather(people.root), tmp_path / "out")


def test_two_images_of_one_name_are_refused_with_both_places(people: PersonFolders) -> None:
    first, second, *_ = people.listing().images
    with pytest.raises(UsageError, match=r"Ada/0001\.jpg.*each name once.*Ada/0000\.jpg"):
        Listing((first, replace(second, name=first.name)))
    Listing((first, replace(second, name=first.name, split="test")))


def test_only_who_is_never_paired_may_go_without_a_number(people: PersonFolders) -> None:
    first, *_ = people.listing().images
    with pytest.raises(UsageError, match=r"Ada/0000\.jpg.*identity 0 or more, found -1"):
        Listing((replace(first, identity=-1),))
    nobody = Verdict("junk", "half a person")
    assert not Listing((replace(first, identity=-1, never_paired=nobody),)).images[0].may_be_paired


def test_an_unknown_kind_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="auto, market1501, cuhk03, msmt17, deepfashion or fold"):
        SourceSettings(kind="market1502")  # type: ignore[arg-type]
    assert {"auto", *SOURCES} == set(get_args(SourceKind))
