"""Key points and detections of pictures: whose pose is whose, and what a missing row means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from poses import standing_pose

from data_manifest.published_files import write_keypoints
from shared.errors import UsageError
from train.metrics.protocols import choose_scores
from train.scoring.keypoints import detections_of, open_joints, read_detections
from train.scoring.pairing import Pair
from train.scoring.pictures import Cut
from train.scoring.plan import Plan
from train.scoring.poses import (
    DETECTION_KEY,
    PCKH_KEY,
    PoseFiles,
    mask_joints,
    open_poses,
    put_pose_scores,
)
from train.scoring.results import Columns
from train.scoring.settings import EvalSettings

PAIRS = tuple(
    Pair(name=f"{a}_2_{b}", source=a, target=b, generated=Cut(Path("g")), real=Cut(Path("r")))
    for a, b in (("s1", "t1"), ("s2", "t2"), ("s3", "t1"))
)
PLAN = Plan(choose_scores(("pckh", "ds")), {})


def pose(shift: float = 0.0) -> np.ndarray:
    return np.asarray(standing_pose() + np.array([shift, 0.0]))


def write(path: Path, **poses: np.ndarray) -> Path:
    write_keypoints(path, tuple(f"{name}.jpg" for name in poses), np.stack(list(poses.values())))
    return path


def write_scores(path: Path, **scores: float) -> Path:
    rows = [f"{name}.jpg,1,{score}" for name, score in scores.items()]
    path.write_text("\n".join(["name,people,person_score", *rows]) + "\n")
    return path


def opened(tmp_path: Path, **more: Path | None) -> PoseFiles:
    settings = EvalSettings(panels=tmp_path, out=tmp_path / "out", **more)  # type: ignore[arg-type]
    return open_poses(settings)


def generated(tmp_path: Path, *, without: tuple[str, ...] = ()) -> Path:
    found = {pair.name: pose() for pair in PAIRS if pair.name not in without}
    return write(tmp_path / "generated.csv", **found)


def shares(poses: PoseFiles, *, allow_missing: bool = False) -> dict[str, float | None]:
    """Return the share of right joints of every subject that has one."""
    columns = Columns(len(PAIRS))
    put_pose_scores(columns, PLAN, poses, PAIRS, allow_missing)
    subjects = [s for s in ("generated", "real", "source") if PCKH_KEY in columns.keys(s)]
    return {subject: columns.entry(subject, PCKH_KEY)["value"] for subject in subjects}


def test_poses_of_the_real_images_are_preferred_to_the_key_points_of_the_masks(
    tmp_path: Path,
) -> None:
    targets = write(tmp_path / "masks.csv", t1=pose(40), t2=pose(40))
    found = write(tmp_path / "real.csv", t1=pose(), t2=pose())
    files = {"generated_poses": generated(tmp_path), "keypoints": targets}
    assert shares(opened(tmp_path, **files))["generated"] == 0
    assert shares(opened(tmp_path, **files, real_poses=found))["generated"] == 1


def test_a_copied_source_stands_in_its_own_pose(tmp_path: Path) -> None:
    real = {"t1": pose(), "t2": pose(), "s1": pose(), "s2": pose(40), "s3": pose(40)}
    poses = opened(
        tmp_path,
        generated_poses=generated(tmp_path),
        real_poses=write(tmp_path / "real.csv", **real),
    )
    assert shares(poses) == pytest.approx({"generated": 1, "real": 1, "source": 1 / 3})


def test_sources_are_scored_only_where_every_one_has_a_pose(tmp_path: Path) -> None:
    real = {"t1": pose(), "t2": pose(), "s1": pose(), "s2": pose()}
    poses = opened(
        tmp_path,
        generated_poses=generated(tmp_path),
        real_poses=write(tmp_path / "real.csv", **real),
    )
    for allow_missing in (False, True):
        assert set(shares(poses, allow_missing=allow_missing)) == {"generated", "real"}


def test_a_picture_without_a_row_does_not_count_where_that_is_allowed(tmp_path: Path) -> None:
    poses = opened(
        tmp_path,
        generated_poses=generated(tmp_path, without=(PAIRS[0].name,)),
        real_poses=write(tmp_path / "real.csv", t1=pose(), t2=pose()),
    )
    with pytest.raises(UsageError, match=f"none for {PAIRS[0].name}"):
        shares(poses)
    assert shares(poses, allow_missing=True)["generated"] == 1


def test_detections_of_generated_and_real_images_are_read_from_their_own_files(
    tmp_path: Path,
) -> None:
    names = [pair.name for pair in PAIRS]
    write_scores(tmp_path / "generated-scores.csv", **dict(zip(names, (0.1, 0.2, 0.6))))  # noqa: B905
    real = {"t1": 0.9, "t2": 0.6, "s1": 0.5, "s2": 0.7}
    write_scores(tmp_path / "real-scores.csv", **real)
    poses = opened(
        tmp_path,
        generated_poses=generated(tmp_path),
        real_poses=write(tmp_path / "real.csv", t1=pose(), t2=pose()),
    )
    columns = Columns(len(PAIRS))
    put_pose_scores(columns, PLAN, poses, PAIRS, False)
    assert columns.entry("generated", DETECTION_KEY)["value"] == pytest.approx(0.3)
    assert columns.entry("real", DETECTION_KEY)["value"] == pytest.approx(0.8)
    assert DETECTION_KEY not in columns.keys("source")  # one of them has none
    write_scores(tmp_path / "real-scores.csv", **real, s3=0.3)
    put_pose_scores(columns, PLAN, opened(
        tmp_path,
        generated_poses=tmp_path / "generated.csv",
        real_poses=tmp_path / "real.csv",
    ), PAIRS, False)  # fmt: skip
    assert columns.entry("source", DETECTION_KEY)["value"] == pytest.approx(0.5)


def test_masks_take_the_target_s_pose_and_know_who_has_none(tmp_path: Path) -> None:
    poses = opened(tmp_path, keypoints=write(tmp_path / "masks.csv", t2=pose(5)))
    joints, known = mask_joints(poses, PAIRS, True)
    assert joints is not None and known.tolist() == [False, True, False]
    np.testing.assert_allclose(joints[1], np.round(pose(5)), atol=0.5)
    assert np.isnan(joints[[0, 2]]).all()
    with pytest.raises(UsageError, match="none for t1"):
        mask_joints(poses, PAIRS, False)
    assert mask_joints(opened(tmp_path), PAIRS, False)[0] is None


@pytest.mark.parametrize("which", ["keypoints", "generated_poses", "real_poses"])
def test_points_of_other_pictures_are_refused_in_every_file(tmp_path: Path, which: str) -> None:
    inside = {"t1": pose(), "t2": pose()} | {pair.name: pose() for pair in PAIRS}
    outside = {name: points * 4 for name, points in inside.items()}
    opened(tmp_path, **{which: write(tmp_path / "a.csv", **inside)}).require_inside(
        PAIRS, (128, 64)
    )
    poses = opened(tmp_path, **{which: write(tmp_path / "b.csv", **outside)})
    with pytest.raises(UsageError, match=r"b\.csv"):
        poses.require_inside(PAIRS, (128, 64))
    with pytest.raises(UsageError, match=r"a\.csv"):
        opened(tmp_path, **{which: tmp_path / "a.csv"}).require_inside(PAIRS, (64, 20))


def test_a_name_is_found_with_and_without_its_suffix(tmp_path: Path) -> None:
    lookup = open_joints(write(tmp_path / "a.csv", t1=pose()))
    for name in ("t1", "t1.jpg", "t1.png", "folder/t1.bmp"):
        assert name in lookup, name
    assert "t2" not in lookup
    path = tmp_path / "panels.csv"
    write_keypoints(path, ("A.jpg_B.jpg.png",), pose()[None])
    stem = open_joints(path)
    assert "A.jpg_B.jpg" in stem and "A.jpg_B.jpg.png" in stem and "A.jpg_B" not in stem


def test_nobody_seen_is_a_score_of_0_and_a_missing_row_none(tmp_path: Path) -> None:
    path = write_scores(tmp_path / "scores.csv", a=float("nan"), b=0.25)
    table = read_detections(path)
    assert table == {"a": 0.0, "b": 0.25}
    found = detections_of(table, ["b", "c", "a"], path, True)
    np.testing.assert_array_equal(found, [0.25, np.nan, 0])
    with pytest.raises(UsageError, match="none for c"):
        detections_of(table, ["b", "c"], path, False)


def test_inputs_are_those_whose_files_are_there(tmp_path: Path) -> None:
    both = {"generated_poses": generated(tmp_path)}
    assert opened(tmp_path, **both).inputs == set()
    write_scores(tmp_path / "generated-scores.csv", x=1)
    assert opened(tmp_path, **both).inputs == {"detections"}
    targets = write(tmp_path / "masks.csv", t1=pose(), t2=pose())
    poses = opened(tmp_path, **both, keypoints=targets)
    assert poses.inputs == {"keypoints", "poses", "detections"}
    assert set(poses.files) == {"keypoints", "generated-poses", "generated-scores"}
