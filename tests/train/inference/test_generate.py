from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_shards import publish_shards
from PIL import Image
from training_runs import QUIET, small_settings, train

from data_manifest.manifest import open_manifest
from data_manifest.published_files import read_keypoints
from data_manifest.shard import read_shard
from shared.errors import UsageError
from shared.files import TEMPORARY_SUFFIX, read_json, sha256_of_file
from train.checkpoint import load_run
from train.inference.generate import Generated, generate_pairs, panel_name
from train.watch.validation import spread

pytestmark = pytest.mark.long

WIDTH = 48


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), train_shards=1, images=3)


@pytest.fixture(scope="module")
def run(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    train(small_settings(shards, max_images=8), shards, out)
    return out


def panels_of(made: Generated) -> dict[str, np.ndarray]:
    found = {}
    for path in sorted(made.panels.iterdir()):
        with Image.open(path) as picture:
            found[path.name] = np.asarray(picture)
    return found


def test_every_test_pair_becomes_three_panels(shards: Path, run: Path, tmp_path: Path) -> None:
    made = generate_pairs(run, shards, tmp_path / "out", console=QUIET)
    arrays = read_shard(shards / open_manifest(shards).of_split("test")[0].file)
    pictures = panels_of(made)
    assert made.num_pairs == len(pictures) == len(arrays.pairs)
    for source, target in arrays.pairs[:5]:
        name = panel_name(arrays.names[source].decode(), arrays.names[target].decode())
        picture = pictures[name]
        assert picture.shape == (64, 3 * WIDTH, 3)
        assert (picture[:, :WIDTH] == arrays.images[source]).all()
        assert (picture[:, WIDTH : 2 * WIDTH] == arrays.images[target]).all()
    table = read_keypoints(made.keypoints)
    rows = [arrays.names.tolist().index(name.encode()) for name in table.names]
    np.testing.assert_allclose(table.joints, arrays.joints[rows], atol=0.51)


def test_only_what_is_missing_is_drawn_again(shards: Path, run: Path, tmp_path: Path) -> None:
    made = generate_pairs(run, shards, tmp_path / "out", console=QUIET)
    before = panels_of(made)
    kept, lost = sorted(made.panels.iterdir())[:2]
    kept.write_bytes(b"kept as it is")
    lost.unlink()
    generate_pairs(run, shards, tmp_path / "out", console=QUIET)
    assert kept.read_bytes() == b"kept as it is"
    kept.unlink()
    generate_pairs(run, shards, tmp_path / "out", console=QUIET)
    after = panels_of(made)
    assert after.keys() == before.keys()
    assert all(abs(after[name].astype(int) - before[name]).max() <= 1 for name in before)


def test_other_weights_empty_the_folder_first(shards: Path, run: Path, tmp_path: Path) -> None:
    averaged = panels_of(generate_pairs(run, shards, tmp_path / "out", console=QUIET))
    raw = panels_of(generate_pairs(run, shards, tmp_path / "out", console=QUIET, raw_weights=True))
    assert raw.keys() == averaged.keys()
    assert any((raw[name] != averaged[name]).any() for name in raw)


def test_a_limit_draws_the_first_by_name_also_from_one_checkpoint(
    shards: Path, run: Path, tmp_path: Path
) -> None:
    everything = panels_of(generate_pairs(run, shards, tmp_path / "all", console=QUIET))
    checkpoint, _ = load_run(run, QUIET)
    few = panels_of(generate_pairs(checkpoint, shards, tmp_path / "few", console=QUIET, limit=3))
    assert list(few) == sorted(everything)[:3]
    for name, picture in few.items():
        # Another batch size may round a grey level the other way.
        assert abs(picture.astype(int) - everything[name]).max() <= 1


def test_a_folder_of_strangers_is_refused_and_stays_as_it_is(
    shards: Path, run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "own"
    (out / "panels").mkdir(parents=True)
    for name in ("panels/holiday.png", "keypoints.csv", "pairs.csv", "table.md", ".x.1.part"):
        (out / name).write_text(f"the only copy of {name}")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="choose another --out"):
        generate_pairs(run, shards, out, console=QUIET)
    after = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert after == before and len(before) == 5


def test_pictures_cut_short_by_a_kill_are_swept_and_drawn_anew(
    shards: Path, run: Path, tmp_path: Path
) -> None:
    made = generate_pairs(run, shards, tmp_path / "out", console=QUIET)
    lost = min(made.panels.iterdir())
    (made.panels / f".{lost.name}.4242{TEMPORARY_SUFFIX}").write_bytes(b"half")
    (made.panels / ".film.part").write_bytes(b"not ours")
    lost.unlink()
    generate_pairs(run, shards, tmp_path / "out", console=QUIET)
    assert lost.exists()
    hidden = [path.name for path in made.panels.iterdir() if path.name.startswith(".")]
    assert hidden == [".film.part"]


def test_the_origin_names_checkpoint_weights_and_shards(
    shards: Path, run: Path, tmp_path: Path
) -> None:
    generate_pairs(run, shards, tmp_path / "out", console=QUIET)
    checkpoint, _ = load_run(run, QUIET)
    assert read_json(tmp_path / "out" / "generated.json") == {
        "checkpoint": checkpoint.name,
        "sha256": sha256_of_file(checkpoint),
        "weights": "average",
        "shards": [entry.sha256 for entry in open_manifest(shards).of_split("test")],
    }


def test_shards_of_another_size_are_refused(run: Path, tmp_path: Path) -> None:
    others = publish_shards(tmp_path / "others", size=(128, 64), train_shards=1, images=2)
    with pytest.raises(UsageError, match=r"images of \(64, 48\)"):
        generate_pairs(run, others, tmp_path / "out", console=QUIET)


def test_a_folder_that_is_no_run_is_refused(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="train it first"):
        generate_pairs(tmp_path, shards, tmp_path / "out", console=QUIET)


def test_spread_covers_a_list_evenly() -> None:
    assert spread(10, 4) == [0, 2, 5, 7]
    assert spread(3, 8) == [0, 1, 2]
    assert torch.tensor(spread(1000, 64)).diff().unique().tolist() == [15, 16]
