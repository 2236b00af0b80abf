"""Scores from the CSV files of ``extract-poses``: PCKh and the detection score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from shared.input_file import InputFile, read_input
from train.metrics.pckh import pckh_counts
from train.scoring.keypoints import (
    JointLookup,
    detections_of,
    open_joints,
    read_detections,
    scores_beside,
)
from train.scoring.measure import Floats
from train.scoring.pairing import Pair
from train.scoring.plan import Plan
from train.scoring.results import Columns, Ratio
from train.scoring.settings import EvalSettings

T = TypeVar("T")

PCKH_KEY = "pckh/patn"
DETECTION_KEY = "ds/person-score"


@dataclass(frozen=True)
class PoseFiles:
    """Key points and detections at hand.

    Args:
        masks: Target poses for masks.
        generated: Poses found in the generated images.
        real: Poses that they should have: found in the real images, or those for masks.
        generated_scores: File of scores of the generated images.
        real_scores: The same of the real images.
        files: All files that were read, by what they are.
    """

    masks: JointLookup | None
    generated: JointLookup | None
    real: JointLookup | None
    generated_scores: InputFile | None
    real_scores: InputFile | None
    files: Mapping[str, InputFile]

    @property
    def inputs(self) -> set[str]:
        """The inputs of :data:`train.scoring.plan.INPUT_FLAGS` that are there."""
        there = {"keypoints"} if self.masks else set()
        there |= {"poses"} if self.generated and self.real else set()
        return there | ({"detections"} if self.generated_scores else set())

    def require_inside(self, pairs: Sequence[Pair], size: tuple[int, int]) -> None:
        """Make sure that all points lie in their pictures of (height, width) pixels.

        Raises:
            UsageError: They do not, or x and y are exchanged in a file.
        """
        targets = [pair.target for pair in pairs]
        for lookup in (self.masks, self.real):
            if lookup is not None:
                lookup.require_inside(targets, size)
        if self.generated is not None:
            self.generated.require_inside([pair.name for pair in pairs], size)


def open_poses(settings: EvalSettings) -> PoseFiles:
    """Open the files of key points that the settings name, and the scores beside them.

    Raises:
        UsageError: A file cannot be read or is not of its form.
    """
    paths = {
        "keypoints": settings.keypoints,
        "generated-poses": settings.generated_poses,
        "real-poses": settings.real_poses,
        "generated-scores": _scores(settings.generated_poses),
        "real-scores": _scores(settings.real_poses),
    }
    files = {name: read_input(path) for name, path in paths.items() if path is not None}
    masks, generated, real = (
        open_joints(files[name]) if name in files else None
        for name in ("keypoints", "generated-poses", "real-poses")
    )
    return PoseFiles(
        masks,
        generated,
        real or masks,
        files.get("generated-scores"),
        files.get("real-scores"),
        files,
    )


def mask_joints(
    poses: PoseFiles, pairs: Sequence[Pair], allow_missing: bool
) -> tuple[Floats | None, NDArray[np.bool_]]:
    """Return the target poses for masks, and which pairs have one.

    Returns:
        float64 (n, 18, 2) or None without a file, and bool (n,).

    Raises:
        UsageError: A target has no row and that is not allowed.
    """
    if poses.masks is None:
        return None, np.zeros(len(pairs), bool)
    joints = poses.masks.joints_of([pair.target for pair in pairs], allow_missing)
    return joints, np.array([pair.target in poses.masks for pair in pairs])


def put_pose_scores(
    columns: Columns, plan: Plan, poses: PoseFiles, pairs: Sequence[Pair], allow_missing: bool
) -> None:
    """Add PCKh and the detection score of the generated images and of the controls.

    Controls need their own poses: the real images' are the targets, a copied source's are looked
    up among the real ones by its name; mean and black image have none.

    Raises:
        UsageError: A picture has no row and that is not allowed.
    """
    if plan.has(PCKH_KEY) and poses.generated and poses.real:
        target = poses.real.joints_of([pair.target for pair in pairs], allow_missing)
        for subject, names, lookup in _subjects(pairs, poses.generated, poses.real):
            if subject == "source" and not all(name in lookup for name in names):
                continue
            found = lookup.joints_of(names, allow_missing)
            right, asked = pckh_counts(found, target)
            there = np.array([name in lookup for name in names])
            ratio = Ratio(np.where(there, right, 0.0), np.where(there, asked, 0.0))
            columns.put(subject, PCKH_KEY, ratio)
    if plan.has(DETECTION_KEY) and poses.generated_scores:
        for subject, names, file in _subjects(pairs, poses.generated_scores, poses.real_scores):
            table = read_detections(file)
            allowed = allow_missing or subject == "source"
            values = detections_of(table, names, file.path, allowed)
            if subject != "source" or not np.isnan(values).any():
                columns.put_mean(subject, DETECTION_KEY, values)


def _subjects(
    pairs: Sequence[Pair], generated: T, real: T | None
) -> Iterator[tuple[str, list[str], T]]:
    yield "generated", [pair.name for pair in pairs], generated
    if real is not None:
        yield "real", [pair.target for pair in pairs], real
        if all(pair.source for pair in pairs):
            yield "source", [pair.source or "" for pair in pairs], real


def _scores(poses: Path | None) -> Path | None:
    path = scores_beside(poses) if poses else None
    return path if path and path.is_file() else None
