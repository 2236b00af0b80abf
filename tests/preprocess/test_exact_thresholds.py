"""Values that lie exactly at a threshold of stage 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from preprocess.output.report import refuse_too_many_bad
from preprocess.pose.people import empty_people, joints_of_people
from preprocess.pose.person_choice import CANDIDATE_LENGTH, choose
from preprocess.settings import PoseSettings, RunSettings, ShardSettings
from preprocess.sources import images
from shared import pictures
from shared.errors import RulesBrokenError, UsageError
from shared.skeleton import JOINT

AREA = (0.0, 0.0, 96.0, 224.0)


def candidates(*boxes: tuple[float, float, float, float], confidence: float) -> torch.Tensor:
    columns = torch.zeros(1, CANDIDATE_LENGTH, len(boxes))
    columns[0, :4] = torch.tensor(boxes).T
    columns[0, 4] = confidence
    return columns


@pytest.mark.parametrize(("confidence", "people"), [(0.25, 1), (0.2499, 0)])
def test_a_person_of_exactly_the_least_confidence_is_seen(confidence: float, people: int) -> None:
    raw = candidates((20, 10, 80, 215), confidence=confidence)
    assert int(choose(raw, AREA, 0.25).count) == people


def test_a_person_beside_the_central_area_is_still_a_person() -> None:
    choice = choose(candidates((0, 0, 10, 20), confidence=0.9), AREA, 0.25)
    assert (int(choice.count), float(choice.score)) == (1, 0.0)


@pytest.mark.parametrize(("height", "people"), [(128.0, 2), (127.0, 1)])
def test_boxes_that_overlap_by_exactly_a_half_are_two_people(height: float, people: int) -> None:
    # 64 of 128 rows: intersection over union is one half to the bit.
    raw = candidates((16, 40, 80, 104), (16, 40, 80, 40 + height), confidence=0.5)
    assert int(choose(raw, AREA, 0.25).count) == people


def joints_at(point: tuple[float, float], confidence: float) -> np.ndarray:
    people = empty_people(1)
    people.points[:] = point
    people.confidences[:], people.count[:] = confidence, 1
    return joints_of_people(people, np.array([[100, 40]]), 0.5)[0][0]


@pytest.mark.parametrize(("confidence", "present"), [(0.5, True), (0.4999, False)])
def test_a_joint_of_exactly_the_least_confidence_is_present(
    confidence: float, present: bool
) -> None:
    joints = joints_at((10, 20), confidence)
    assert np.isfinite(joints).all() == present
    assert np.isfinite(joints[JOINT["neck"]]).all() == present


@pytest.mark.parametrize("edge", [(-0.5, 50.0), (39.5, 50.0), (20.0, -0.5), (20.0, 99.5)])
def test_a_joint_on_the_picture_s_edge_is_in_the_picture(edge: tuple[float, float]) -> None:
    assert np.isfinite(joints_at(edge, 0.9)).all()
    beyond = np.array(edge) + 0.01 * np.sign(np.array(edge) - (20, 50))
    assert not np.isfinite(joints_at(tuple(beyond), 0.9)).any()


@pytest.mark.parametrize(("max_bad", "refused"), [(0.25, False), (0.2499, True)])
def test_exactly_as_many_bad_images_as_allowed_are_allowed(max_bad: float, refused: bool) -> None:
    rows = [["train", 6, 5, 1], ["test", 2, 1, 1]]
    summary = {"images": {"columns": ["folder", "found", "valid", "bad"], "rows": rows}}
    if refused:
        with pytest.raises(RulesBrokenError, match=r"2 of 8 \(25.00%\)"):
            refuse_too_many_bad(summary, max_bad)
    else:
        refuse_too_many_bad(summary, max_bad)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("fast", [True, False], ids=["fast decoder", "pillow"])
def test_an_image_of_exactly_the_largest_size_is_read(
    kind: str, fast: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    Image.fromarray(np.full((24, 16, 3), 120, np.uint8)).save(path, kind)
    decoder = images.fast_decoder() if fast else None
    monkeypatch.setattr(pictures, "MAX_FILE_BYTES", path.stat().st_size)
    monkeypatch.setattr(pictures, "MAX_PIXELS", 24 * 16)
    assert images.read_image(path, decoder)[0].shape == (24, 16, 3)
    monkeypatch.setattr(pictures, "MAX_PIXELS", 24 * 16 - 1)
    with pytest.raises(pictures.RefusedPictureError, match="bomb: claims 24x16 pixels"):
        images.read_image(path, decoder)
    monkeypatch.setattr(pictures, "MAX_FILE_BYTES", path.stat().st_size - 1)
    with pytest.raises(pictures.RefusedPictureError, match="file too large"):
        images.read_image(path, decoder)


BOUNDS = [
    (PoseSettings, "person_threshold", (0.0, 1.0), (-0.001, 1.001)),
    (PoseSettings, "joint_threshold", (0.0, 1.0), (-0.001, 1.001)),
    (PoseSettings, "batch", (1, 65536), (0, 65537)),
    (PoseSettings, "pose_size", ((32, 32), (4096, 4096)), ((0, 32), (4128, 4096))),
    (ShardSettings, "image_size", ((8, 8), (4096, 4096)), ((8, 0), (4096, 4104))),
    (ShardSettings, "shard_bytes", (100_000, 2_000_000_000), (99_999, 2_000_000_001)),
    (ShardSettings, "num_test_pairs", (0,), (-1,)),
    (ShardSettings, "max_pairs_per_identity", (1, None), (0,)),
    (RunSettings, "workers", (1, 1024), (0, 1025)),
    (RunSettings, "max_bad", (0.0, 1.0), (-0.001, 1.001)),
]


@pytest.mark.parametrize(
    ("settings", "name", "allowed", "refused"), BOUNDS, ids=[row[1] for row in BOUNDS]
)
def test_the_bounds_of_a_setting_are_allowed_and_what_lies_beyond_is_not(
    settings: type, name: str, allowed: tuple[object, ...], refused: tuple[object, ...]
) -> None:
    for value in allowed:
        assert getattr(settings(**{name: value}), name) == value
    for value in refused:
        with pytest.raises(UsageError):
            settings(**{name: value})
