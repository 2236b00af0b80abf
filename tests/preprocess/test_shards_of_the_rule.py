"""Shards against the published rule worked out anew, and what an overwritten folder holds."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_market import ContentEstimator, SmallMarket, hashes, make_market, prepare

from data_manifest.manifest import open_manifest
from data_manifest.published_files import read_keypoints
from data_manifest.shard import read_shard
from preprocess.output.folder import OutputFolder
from shared.owned_folder import OwnedFolder, owned_folder

pytestmark = pytest.mark.long

Pair = tuple[str, str]


@pytest.fixture
def market(tmp_path: Path) -> SmallMarket:
    return make_market(tmp_path, identities=5, images=3)


def published_list(market: SmallMarket, split: str, num_test_pairs: int) -> list[Pair]:
    """A split's pairs in the words of the rule: rows of the file, identities as they appear."""
    names = [n for n in read_keypoints(market.keypoints).names if n in market.names[split]]
    pairs = [
        pair
        for identity in dict.fromkeys(name[:4] for name in names)
        for pair in itertools.permutations([n for n in names if n[:4] == identity], 2)
    ]
    if split == "train":
        return pairs
    drawn = pd.DataFrame(pairs).sample(n=num_test_pairs, replace=False, random_state=0)
    return [(source, target) for source, target in drawn.to_numpy().tolist()]


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_shard_holds_the_pairs_of_its_identities_in_the_order_of_the_list(
    split: str, market: SmallMarket, tmp_path: Path
) -> None:
    out = prepare(market, tmp_path / "out", shards={"num_test_pairs": 17})
    expected = published_list(market, split, 17)
    entries = open_manifest(out).of_split(split)
    assert len(entries) > 1
    for entry in entries:
        arrays = read_shard(out / entry.file, entry.sha256)
        names = arrays.names.astype(str)
        found = list(zip(names[arrays.pairs[:, 0]], names[arrays.pairs[:, 1]], strict=True))
        own = [pair for pair in expected if int(pair[0][:4]) in entry.identities]
        assert found == own
        assert arrays.pair_order.tolist() == [expected.index(pair) for pair in own]


def test_images_of_a_shard_follow_the_rows_of_the_file_by_identity(
    market: SmallMarket, tmp_path: Path
) -> None:
    out = prepare(market, tmp_path / "out")
    names = [n for n in read_keypoints(market.keypoints).names if n in market.names["train"]]
    order = list(dict.fromkeys(name[:4] for name in names))
    stored = [
        name
        for entry in open_manifest(out).of_split("train")
        for name in read_shard(out / entry.file, entry.sha256).names.astype(str).tolist()
    ]
    assert stored == sorted(names, key=lambda name: (order.index(name[:4]), names.index(name)))


def test_transforms_and_status_stay_with_their_pair(market: SmallMarket, tmp_path: Path) -> None:
    from shared.affine import pair_transforms

    out = prepare(market, tmp_path / "out")
    for entry in open_manifest(out).shards:
        arrays = read_shard(out / entry.file, entry.sha256)
        joints = arrays.joints.astype(np.float64)
        expected = pair_transforms(joints[arrays.pairs[:, 0]], joints[arrays.pairs[:, 1]])
        np.testing.assert_allclose(arrays.transforms, expected[0], rtol=1e-4, atol=1e-3)
        np.testing.assert_array_equal(arrays.status, expected[1])


def test_overwriting_leaves_no_shard_of_the_earlier_settings(
    market: SmallMarket, tmp_path: Path
) -> None:
    out = prepare(market, tmp_path / "out")
    before = hashes(out)
    larger = {"shard_bytes": 40_000_000}
    prepare(market, out, shards=larger, run_settings={"overwrite": True})
    assert set(hashes(out)) == {"train-00000.h5", "test-00000.h5"} < set(before)
    assert hashes(out) == hashes(prepare(market, tmp_path / "anew", shards=larger))
    notes = {path.name for path in OutputFolder(OwnedFolder(out, "prep-market")).notes.iterdir()}
    assert notes == {"train-00000.h5.json", "test-00000.h5.json"}


def test_an_overwriting_run_that_is_stopped_has_removed_the_earlier_shards_already(
    market: SmallMarket, tmp_path: Path
) -> None:
    out = prepare(market, tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        prepare(
            market,
            out,
            keypoints=False,
            estimator=ContentEstimator(stop_after=0),
            run_settings={"overwrite": True},
        )
    assert hashes(out) == {} and not (out / "manifest.json").exists()


def test_a_shard_that_the_data_has_not_is_removed_when_the_folder_is_finished(
    market: SmallMarket, tmp_path: Path
) -> None:
    out = prepare(market, tmp_path / "out")
    before = hashes(out)
    (out / "manifest.json").unlink()  # killed before its end
    stale, note = (
        out / "train-00077.h5",
        OutputFolder(OwnedFolder(out, "prep-market")).notes / "train-00077.h5.json",
    )
    stale.write_bytes((out / "train-00000.h5").read_bytes())
    note.write_text(json.dumps({"key": "", "entry": {}}))
    with owned_folder(out, "prep-market") as owned:  # of this stage, from other data
        names = {"train-00077.h5", ".work/shards/train-00077.h5.json"}
        OwnedFolder(out, "prep-market", owned.files | names).mark()
    (out / "train-77.h5").write_text("not of this stage")
    prepare(market, out)
    assert not stale.exists() and not note.exists()
    assert hashes(out, "*-?????.h5") == before
    assert (out / "train-77.h5").read_text() == "not of this stage"
