"""Drawn twins of other data sets: found, read and made into shards by their own kind's rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import call

from data_manifest.manifest import open_manifest
from data_manifest.published_files import read_keypoints
from data_manifest.tables import load_images, load_pairs
from data_manifest.validate import findings
from preprocess.demo.market import DrawSettings, draw_market
from preprocess.demo.settings import LAYOUTS
from preprocess.settings import SourceSettings
from preprocess.sources.drawn import is_drawn
from preprocess.sources.registry import SOURCES, find_source
from shared.console import Console
from shared.errors import UsageError

pytestmark = pytest.mark.long

KINDS = {"market": "market1501"}
"""Layouts whose kind of data set has another name."""


@pytest.fixture(scope="module", params=LAYOUTS)
def twin(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("twins") / str(request.param)
    settings = DrawSettings(identities=6, images_per_identity=3, seed=2, layout=request.param)
    draw_market(settings, out, Console(quiet=True))
    return out


def kind_of(twin: Path) -> str:
    return KINDS.get(twin.name, twin.name)


def test_a_twin_is_found_as_what_it_is(twin: Path) -> None:
    source = find_source(twin)
    assert type(source) is SOURCES[kind_of(twin)] and source.root == twin  # type: ignore[index]
    assert is_drawn(source.root)
    listing = source.listing()
    known = {name for split in ("train", "test") for name in names_in(twin, split)}
    assert all({image.name, image.other_name} & known for image in listing.images)
    formats = {path.suffix for path in twin.rglob("*_*.*g")}
    assert formats == {".png" if twin.name == "cuhk03" else ".jpg"}


def names_in(twin: Path, split: str) -> tuple[str, ...]:
    return read_keypoints(twin / f"keypoints-{split}.csv").names


def test_a_twin_becomes_shards_of_its_people(twin: Path, tmp_path: Path) -> None:
    points = [("--keypoints", twin / f"keypoints-{split}.csv") for split in ("train", "test")]
    done = call(
        *("prep-market", "--src", twin, "--out", tmp_path / "out", "--workers", 1),
        *(word for option in points for word in option),
    )
    assert done.exit_code == 0, done.stderr
    out = tmp_path / "out"
    assert findings(out) == []
    images = load_images(out)
    used = images[images["status"] == "valid"]
    people = {split: set(used[used["split"] == split]["identity"]) for split in ("train", "test")}
    assert not people["train"] & people["test"]
    if twin.name == "folders":  # no split in the data: a fifth of six people
        assert (len(people["train"]), len(people["test"])) == (5, 1)
        assert "no split in the data: 1 of 6 people are for testing" in done.stderr
    else:
        assert (len(people["train"]), len(people["test"])) == (3, 3)
    assert len(load_pairs(out)) > 0 and len(load_pairs(out, "test")) > 0
    kind = open_manifest(out).settings["source"].get("kind", "market1501")
    assert kind == kind_of(twin)


def test_a_twin_that_is_drawn_already_is_left_alone(twin: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in twin.rglob("*") if path.is_file()}
    settings = DrawSettings(identities=6, images_per_identity=3, seed=2, layout=twin.name)
    draw_market(settings, twin, Console(quiet=True))
    after = {path: path.stat().st_mtime_ns for path in twin.rglob("*") if path.is_file()}
    assert {p: t for p, t in after.items() if p.name != ".lock"} == {
        p: t for p, t in before.items() if p.name != ".lock"
    }


def test_labels_of_a_twin_say_the_split_that_its_folders_do_not(tmp_path: Path) -> None:
    settings = DrawSettings(identities=4, images_per_identity=2, seed=2, layout="folders")
    draw_market(settings, tmp_path / "twin", Console(quiet=True))
    how = SourceSettings(labels=tmp_path / "twin" / "labels.csv")
    listing = find_source(tmp_path / "twin", how).listing()
    split_of = {image.identity: image.split for image in listing.images}
    assert split_of == {1: "test", 2: "train", 3: "test", 4: "train"}
    assert listing.images[0].name == "0002_0002_001.jpg"
    assert listing.images[0].other_name == "0002/0002_001.jpg"


def test_other_layouts_are_drawn_anew_only_on_request(tmp_path: Path) -> None:
    first = DrawSettings(identities=4, images_per_identity=2, seed=2, layout="msmt17")
    draw_market(first, tmp_path / "out", Console(quiet=True))
    second = DrawSettings(identities=4, images_per_identity=2, seed=2, layout="cuhk03")
    with pytest.raises(UsageError, match="layout: was msmt17, now cuhk03"):
        draw_market(second, tmp_path / "out", Console(quiet=True))
    draw_market(second, tmp_path / "out", Console(quiet=True), overwrite=True)
    assert not list((tmp_path / "out").glob("list_*.txt"))
    assert not (tmp_path / "out" / "train").exists()
    assert len(list((tmp_path / "out" / "bounding_box_train").glob("*.png"))) == 4


def test_annotated_poses_keep_their_own_names(tmp_path: Path) -> None:
    (tmp_path / "poses.csv").touch()
    with pytest.raises(UsageError, match="--poses: expected the names of Market-1501"):
        DrawSettings(layout="cuhk03", poses=tmp_path / "poses.csv")
