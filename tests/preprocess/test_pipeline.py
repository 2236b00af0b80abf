"""The stage as a whole, in this process, on small data sets: what enters the shards."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bad_images import bad_files
from PIL import Image
from skimage.transform import estimate_transform
from small_market import (
    SmallMarket,
    hashes,
    image_name,
    jpeg,
    make_market,
    prepare,
    tree,
    write_pairs,
)

from data_manifest.manifest import open_manifest
from data_manifest.published_files import read_keypoints, write_keypoints
from data_manifest.shard import read_shard
from data_manifest.tables import load_images, load_pairs
from preprocess.pairing.annotations import read_annotations
from shared.errors import RulesBrokenError, UsageError
from shared.geometry import scale_joints

pytestmark = pytest.mark.long


def arrays_of(out: Path, split: str = "train") -> list:
    return [read_shard(out / e.file, e.sha256) for e in open_manifest(out).of_split(split)]


def test_every_valid_image_is_in_the_shards_once_with_its_pixels_and_joints(
    market: SmallMarket, tmp_path: Path
) -> None:
    out = prepare(market, tmp_path / "out")
    table = read_keypoints(market.keypoints)
    for split in ("train", "test"):
        names = []
        for arrays in arrays_of(out, split):
            for row, raw in enumerate(arrays.names):
                name = raw.decode()
                names.append(name)
                picture = np.asarray(Image.open(market.folder(split) / name))
                assert np.array_equal(arrays.images[row], picture)
                expected = table.joints[table.names.index(name)]
                assert np.array_equal(arrays.joints[row], expected, equal_nan=True)
                assert arrays.identities[row] == int(name[:4])
        assert sorted(names) == sorted(market.names[split])


def test_pairs_follow_the_rows_of_the_key_point_file(market: SmallMarket, tmp_path: Path) -> None:
    out = prepare(market, tmp_path / "out")
    names = [n for n in read_keypoints(market.keypoints).names if n in market.names["train"]]
    expected = [
        pair
        for identity in dict.fromkeys(name[:4] for name in names)
        for pair in itertools.permutations([n for n in names if n[:4] == identity], 2)
    ]
    pairs = load_pairs(out)
    assert list(zip(pairs["from"], pairs["to"], strict=True)) == expected
    for arrays, number in zip(arrays_of(out), itertools.count(), strict=False):
        here = pairs[pairs["shard"] == number].sort_values("pair_row")
        assert arrays.names[arrays.pairs[:, 0]].astype(str).tolist() == here["from"].tolist()
        assert arrays.names[arrays.pairs[:, 1]].astype(str).tolist() == here["to"].tolist()
        assert arrays.pair_order.tolist() == here.index.tolist()


def test_without_key_points_pairs_follow_the_sorted_names(
    market: SmallMarket, tmp_path: Path
) -> None:
    out = prepare(market, tmp_path / "out", keypoints=False)
    images = load_images(out)
    assert images[images["split"] == "train"]["name"].tolist() == sorted(market.names["train"])
    assert (images["people"] > 0).all()


def test_test_pairs_are_pandas_sample(market: SmallMarket, tmp_path: Path) -> None:
    out = prepare(market, tmp_path / "out", shards={"num_test_pairs": 11})
    names = [n for n in read_keypoints(market.keypoints).names if n in market.names["test"]]
    candidates = pd.DataFrame(
        [
            pair
            for identity in dict.fromkeys(name[:4] for name in names)
            for pair in itertools.permutations([n for n in names if n[:4] == identity], 2)
        ],
        columns=["from", "to"],
    )
    expected = candidates.sample(n=11, replace=False, random_state=0).reset_index(drop=True)
    assert load_pairs(out, "test")[["from", "to"]].astype(object).equals(expected.astype(object))


def test_other_image_sizes_are_resized_with_their_key_points(
    market: SmallMarket, tmp_path: Path
) -> None:
    out = prepare(market, tmp_path / "out", shards={"image_size": (96, 80)})
    table = read_keypoints(market.keypoints)
    for arrays in arrays_of(out):
        assert arrays.images.shape[1:] == (96, 80, 3)
        for row, raw in enumerate(arrays.names):
            joints = table.joints[table.names.index(raw.decode())]
            expected = scale_joints(joints, (128, 64), (96, 80))
            assert np.allclose(arrays.joints[row], expected, equal_nan=True, atol=1e-4)


def test_transforms_lead_from_target_to_source(market: SmallMarket, tmp_path: Path) -> None:
    arrays = arrays_of(prepare(market, tmp_path / "out"))[0]
    for pair, transforms in zip(arrays.pairs[:6], arrays.transforms[:6], strict=True):
        source, target = arrays.joints[pair].astype(float)[:, [8, 11, 5, 2]]
        expected = estimate_transform("affine", target, source).params[:2]
        assert np.allclose(transforms[0], expected, atol=1e-3)


@pytest.mark.parametrize(
    "how", [{"workers": 2}, {"workers": 2, "backend": "threading"}, {"backend": "threading"}]
)
@pytest.mark.process
def test_workers_and_backends_change_nothing(
    how: dict, market: SmallMarket, tmp_path: Path
) -> None:
    one = prepare(market, tmp_path / "one")
    other = prepare(market, tmp_path / "other", run_settings=how)
    assert hashes(one) == hashes(other) != {}
    assert hashes(one, "*.csv") == hashes(other, "*.csv")


def test_an_identity_stays_in_one_shard_and_shards_keep_their_size(tmp_path: Path) -> None:
    market = make_market(tmp_path, identities=9, images=3)
    out = prepare(market, tmp_path / "out", shards={"shard_bytes": 330_000})
    manifest = open_manifest(out)
    seen: list[int] = []
    for entry in manifest.of_split("train"):
        assert entry.num_bytes <= 330_000
        seen += entry.identities
    assert sorted(seen) == sorted(set(seen)) == list(range(1, 10))
    assert 3 <= len(manifest.of_split("train")) <= 5


def test_bad_images_are_listed_and_leave_the_rest_as_it_was(
    market: SmallMarket, tmp_path: Path, rng: np.random.Generator
) -> None:
    clean = prepare(market, tmp_path / "clean", keypoints=False)
    folder = market.folder("train")
    faults = bad_files(rng) | {"size": (jpeg(rng, (100, 64)), "another size")}
    expected = {}
    for frame, (content, reason) in enumerate(faults.values()):
        name = image_name(1, 5, 900 + frame)
        (folder / name).write_bytes(content)
        expected[name] = reason if content else "empty file"
    twin = market.names["train"][0] + ".jpg"
    (folder / twin).write_bytes(jpeg(rng))
    expected[twin] = "the same name twice"
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / "__MACOSX").mkdir()
    (folder / image_name(-1, 1, 1)).write_bytes(jpeg(rng))
    (folder / image_name(0, 1, 1)).write_bytes(jpeg(rng))
    (folder / ("0001_c1s1_000777_00.jpg" + "\udcff")).write_bytes(jpeg(rng))
    before = tree(market.root)
    out = tmp_path / "out"
    with pytest.raises(RulesBrokenError, match=r"13 of 39.*--max-bad"):
        prepare(market, out, keypoints=False)
    assert hashes(out) == hashes(clean)
    images = load_images(out).set_index("name")
    bad = images[images["status"] == "bad"]
    assert set(bad.index) == set(expected)
    for name, reason in expected.items():
        assert bad.loc[name, "reason"].startswith(reason)
    assert images.loc["Thumbs.db", ["status", "reason"]].tolist() == ["skipped", "not an image"]
    assert images.loc["__MACOSX", "reason"] == "a folder"
    assert images.loc[image_name(-1, 1, 1), "status"] == "junk"
    assert images.loc[image_name(0, 1, 1), "status"] == "distractor"
    assert tree(market.root) == before
    with pytest.raises(RulesBrokenError):
        prepare(market, out, keypoints=False)
    prepare(market, out, keypoints=False, run_settings={"max_bad": 0.5})


def test_a_second_jpg_in_the_name_is_accepted(market: SmallMarket, tmp_path: Path) -> None:
    name = market.names["train"][0]
    (market.folder("train") / name).rename(market.folder("train") / f"{name}.jpg")
    images = load_images(prepare(market, tmp_path / "out")).set_index("name")
    assert images.loc[f"{name}.jpg", "status"] == "valid"


def test_sizes_of_all_kinds_are_accepted_on_request(
    market: SmallMarket, tmp_path: Path, rng: np.random.Generator
) -> None:
    name = market.names["train"][0]
    (market.folder("train") / name).write_bytes(jpeg(rng, (100, 70)))
    out = prepare(market, tmp_path / "out", keypoints=False, shards={"any_size": True})
    images = load_images(out).set_index("name")
    assert images.loc[name, ["status", "height", "width"]].tolist() == ["valid", 100, 70]


def test_images_without_a_row_and_rows_without_an_image_are_listed(
    market: SmallMarket, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table = read_keypoints(market.keypoints)
    absent = image_name(77, 1, 1)
    write_keypoints(market.keypoints, (absent, *table.names[1:]), table.joints)
    images = load_images(prepare(market, tmp_path / "out")).set_index("name")
    assert images.loc[table.names[0], "status"] == "no key points"
    assert images.loc[absent, ["status", "folder"]].tolist() == ["absent", ""]
    assert f"1 rows of key points have no image: {absent}" in capfd.readouterr().err


def test_a_row_of_an_image_that_is_only_listed_is_not_absent(
    market: SmallMarket, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    name = market.names["test"][0]
    (market.root / "query").mkdir()
    (market.folder("test") / name).rename(market.root / "query" / name)
    images = load_images(prepare(market, tmp_path / "out")).set_index("name")
    assert images.loc[name, ["status", "folder"]].tolist() == ["listed", "query"]
    assert "have no image" not in capfd.readouterr().err


def test_a_name_in_two_key_point_files_is_refused(market: SmallMarket, tmp_path: Path) -> None:
    second = tmp_path / "second.csv"
    second.write_bytes(market.keypoints.read_bytes())
    with pytest.raises(UsageError, match=r"second\.csv.*each name once.*keypoints\.csv"):
        read_annotations((market.keypoints, second))


def test_an_incomplete_torso_is_no_valid_pose(market: SmallMarket, tmp_path: Path) -> None:
    table = read_keypoints(market.keypoints)
    joints = table.joints.copy()
    joints[0, [8, 5]] = np.nan
    write_keypoints(market.keypoints, table.names, joints)
    images = load_images(prepare(market, tmp_path / "out")).set_index("name")
    found = images.loc[table.names[0]]
    assert found[["status", "reason"]].tolist() == ["no pose", "torso incomplete: no RHip LSho"]
    assert found["has_LHip"] == 1 and found["has_RHip"] == 0


def test_given_pair_lists_are_used_in_their_order(market: SmallMarket, tmp_path: Path) -> None:
    first, second, third = market.names["train"][:3]
    other = market.names["train"][-1]
    lists = tmp_path / "pairs.csv"
    write_pairs(lists, pd.DataFrame({"from": [third, first, first], "to": [first, other, second]}))
    out = prepare(market, tmp_path / "out", train_pairs=lists)
    assert load_pairs(out)[["from", "to"]].to_numpy().tolist() == [[third, first], [first, second]]
    assert len(load_images(out).query("status == 'valid' and split == 'train'")) == 12


def test_a_limit_on_the_pairs_of_an_identity(market: SmallMarket, tmp_path: Path) -> None:
    out = prepare(market, tmp_path / "out", shards={"max_pairs_per_identity": 5})
    assert load_pairs(out)["identity"].value_counts().tolist() == [5, 5, 5]


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_folder_of_one_split_only_is_enough(
    split: str, market: SmallMarket, tmp_path: Path
) -> None:
    other = "test" if split == "train" else "train"
    market.folder(other).rename(tmp_path / "elsewhere")
    out = prepare(market, tmp_path / "out")
    assert open_manifest(out).num_images(split) == 12
    assert open_manifest(out).num_images(other) == len(load_pairs(out, other)) == 0


def test_no_valid_image_at_all_still_gives_the_table_of_images(
    market: SmallMarket, tmp_path: Path
) -> None:
    write_keypoints(market.keypoints, ("x.jpg",), np.full((1, 18, 2), np.nan))
    out = prepare(market, tmp_path / "out")
    assert set(load_images(out)["status"]) == {"no key points", "absent"}
    assert open_manifest(out).shards == ()


def test_the_summary_tells_images_pairs_and_parts(market: SmallMarket, tmp_path: Path) -> None:
    summary = open_manifest(prepare(market, tmp_path / "out")).summary
    assert summary["images"]["rows"] == [["train", 12, 12, 0], ["test", 12, 12, 0]]
    assert [row[:3] for row in summary["pairs"]["rows"]] == [["train", 12, 36], ["test", 12, 36]]
    assert summary["parts of the train pairs"]["rows"][0] == [
        "torso",
        "100.0 %",
        "0.0 %",
        "0.0 %",
        "0.0 %",
    ]
    stages = [row[0] for row in summary["time"]["rows"]]
    assert stages == ["list files", "check images", "poses", "pairs", "shards", "tables", "all"]
