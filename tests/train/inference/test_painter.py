"""The painter: pictures from joints alone, equal to those drawn from shards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_shards import publish_shards
from poses import standing_pose
from training_runs import QUIET, small_settings, train

from data_manifest.arrays import ShardArrays
from data_manifest.manifest import open_manifest
from data_manifest.shard import read_shard
from shared.errors import DamagedError, UsageError
from shared.pair_geometry import PairGeometry
from train.checkpoint import load_run
from train.data.batch import make_batch
from train.data.store import store_from
from train.inference import painter as painter_module
from train.inference.drawing import draw_pictures
from train.inference.painter import Kind, Painter, open_painter
from train.nets.generator import Generator
from train.run_folder import read_settings

pytestmark = pytest.mark.long

SIZE = (64, 48)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), train_shards=1, images=4)


@pytest.fixture(scope="module")
def run(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    train(small_settings(shards, preset="full", max_images=8), shards, out)
    return out


@pytest.fixture(scope="module")
def painter(run: Path) -> Painter:
    return open_painter(run, device="cpu")


@pytest.fixture(scope="module")
def arrays(shards: Path) -> ShardArrays:
    return read_shard(shards / open_manifest(shards).of_split("test")[0].file)


def drawn_from_shards(run: Path, arrays: ShardArrays, weights: str) -> np.ndarray:
    """All pairs of a shard from its own transforms and quads, without the painter."""
    path, content = load_run(run, QUIET)
    settings = read_settings(path.parent)
    generator = Generator(settings.generator)
    generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    generator.load_state_dict(content[weights])
    store = store_from([arrays])
    samples = store.gather(torch.arange(store.num_pairs))
    poses = settings.generator.drawn_poses
    batch = make_batch(samples, None, sigma=settings.data.sigma, poses=poses)
    return draw_pictures(generator, batch).numpy()


def of_pairs(arrays: ShardArrays) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    source, target = arrays.pairs.T
    return arrays.images[source], arrays.joints[source], arrays.joints[target]


def test_pictures_from_joints_alone_equal_those_from_the_shards(
    run: Path, painter: Painter, arrays: ShardArrays
) -> None:
    assert 8 < len(arrays.pairs) <= 32  # of one batch, as below
    drawn = painter.draw(*of_pairs(arrays))
    assert drawn.dtype == np.uint8 and drawn.shape == (len(arrays.pairs), *SIZE, 3)
    np.testing.assert_array_equal(drawn, drawn_from_shards(run, arrays, "average"))
    assert drawn.std() > 5  # pictures, not one colour


def test_raw_weights_are_the_generator_itself(run: Path, arrays: ShardArrays) -> None:
    raw = open_painter(run, device="cpu", raw_weights=True)
    drawn = raw.draw(*of_pairs(arrays))
    np.testing.assert_array_equal(drawn, drawn_from_shards(run, arrays, "generator"))
    assert (drawn != drawn_from_shards(run, arrays, "average")).any()
    assert raw.origin["weights"] == "generator"


def test_geometry_that_is_at_hand_is_drawn_with(painter: Painter, arrays: ShardArrays) -> None:
    own = PairGeometry(
        transforms=arrays.transforms,
        status=arrays.status,
        target_quads=arrays.quads[arrays.pairs[:, 1]],
    )
    plain = painter.draw(*of_pairs(arrays))
    np.testing.assert_array_equal(painter.draw(*of_pairs(arrays), geometry=own), plain)
    none = PairGeometry(
        transforms=np.full_like(arrays.transforms, 1000.0),
        status=np.zeros_like(arrays.status),
        target_quads=own.target_quads,
    )
    assert (painter.draw(*of_pairs(arrays), geometry=none) != plain).any()


def test_a_checkpoint_opens_as_its_run_does(
    run: Path, painter: Painter, arrays: ShardArrays
) -> None:
    checkpoint, _ = load_run(run, QUIET)
    other = open_painter(checkpoint, device="cpu")
    assert other.origin == painter.origin
    assert painter.origin == {
        "checkpoint": checkpoint.name,
        "sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        "weights": "average",
    }
    assert other.image_size == SIZE
    np.testing.assert_array_equal(other.draw(*of_pairs(arrays)), painter.draw(*of_pairs(arrays)))


def test_heat_maps_are_of_the_width_that_the_run_learned_with(shards: Path, tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text("[data]\nsigma = 3.5\n")
    train(small_settings(shards, config=config, max_images=4), shards, tmp_path / "run")
    assert open_painter(tmp_path / "run", device="cpu").sigma == 3.5


def test_arrays_that_numpy_sees_from_elsewhere_are_drawn_alike(
    painter: Painter, arrays: ShardArrays
) -> None:
    images, source, target = of_pairs(arrays)
    plain = painter.draw(images, source, target)
    frozen = images.transpose(0, 2, 1, 3).copy().transpose(0, 2, 1, 3)
    frozen.setflags(write=False)
    again = painter.draw(frozen, source.astype(np.float64), target.astype(np.float64))
    np.testing.assert_array_equal(again, plain)
    assert painter.draw(images[:0], source[:0], target[:0]).shape == (0, *SIZE, 3)


def one_pose(height: float = 64, width: float = 48) -> np.ndarray:
    return standing_pose()[None] * [width / 64, height / 128]


def wrong_calls() -> Iterator[tuple[str, str, tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    image, pose = np.zeros((1, *SIZE, 3), np.uint8), one_pose()
    yield "type", r"images: expected uint8", (image.astype(np.float32), pose, pose)
    yield "size", r"\(b, 64, 48, 3\).*\(1, 48, 64, 3\)", (image.swapaxes(1, 2), pose, pose)
    yield "one picture without a batch", "images: expected", (image[0], pose, pose)
    yield "fewer poses", r"source_joints: .*\(1, 18, 2\)", (image, pose[:0], pose)
    yield "17 joints", r"target_joints: .*\(1, 17, 2\)", (image, pose, pose[:, 1:])
    yield "whole numbers", "found int64", (image, pose.astype(np.int64), pose)
    half, endless, marked, legless = (pose.copy() for _ in range(4))
    half[0, 4, 1] = np.nan
    yield "half a joint", "1 half NaN, 0 infinite", (image, half, pose)
    endless[0, 4, 1] = np.inf
    yield "infinite", "0 half NaN, 1 infinite", (image, pose, endless)
    marked[0, 4] = -1
    yield "minus one", r"1 at \(-1, -1\)", (image, pose, marked)
    legless[0, 8] = np.nan
    yield "no hip", "target_joints: expected both hips and shoulders", (image, pose, legless)


@pytest.mark.parametrize(
    ("message", "arguments"), [pytest.param(m, a, id=name) for name, m, a in wrong_calls()]
)
def test_wrong_arrays_are_refused_in_one_line(
    painter: Painter, message: str, arguments: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        painter.draw(*arguments)
    assert "\n" not in caught.value.message


def test_what_is_of_no_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="checkpoints or an exported generator, found nothing"):
        open_painter(tmp_path / "nowhere", device="cpu")
    (tmp_path / "picture.png").write_bytes(b"")
    for other in (tmp_path, tmp_path / "picture.png"):
        with pytest.raises(UsageError, match="found something else"):
            open_painter(other, device="cpu")


def test_a_damaged_checkpoint_is_named(run: Path, tmp_path: Path) -> None:
    checkpoint, _ = load_run(run, QUIET)
    copy = tmp_path / checkpoint.name
    copy.write_bytes(checkpoint.read_bytes()[:-1])
    copy.with_name(f"{copy.name}.sha256").write_text(
        (checkpoint.with_name(f"{checkpoint.name}.sha256")).read_text()
    )
    with pytest.raises(DamagedError, match="SHA-256"):
        open_painter(copy, device="cpu")


def test_a_new_kind_is_a_row(
    run: Path, painter: Painter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that opens what a text file points to: nothing else has to know of it."""
    from train.inference.from_run import read_run

    def is_pointer(path: Path) -> bool:
        return path.suffix == ".txt"

    def read_pointer(path: Path, **how):  # type: ignore[no-untyped-def]
        return read_run(Path(path.read_text()), **how)

    monkeypatch.setattr(
        painter_module,
        "KINDS",
        (*painter_module.KINDS, Kind("a pointer", is_pointer, read_pointer)),
    )
    (tmp_path / "where.txt").write_text(str(run))
    assert open_painter(tmp_path / "where.txt", device="cpu").origin == painter.origin
    with pytest.raises(UsageError, match="generator or a pointer"):
        open_painter(tmp_path / "nowhere", device="cpu")
