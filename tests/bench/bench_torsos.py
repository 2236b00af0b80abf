"""How flat torsos are: drawn people beside the published annotations.

Run ``python tests/bench/bench_torsos.py [--people N] [--published market-annotation-train.csv]``.
Prints, for pairs of pictures of a person, the share of torso transforms that squeeze (a condition
above 4), that shrink (a determinant below .15) and that are degenerate by either; and the width of
shoulders and hips over the torso's length. Only skeletons are made, no pictures. The published
file is looked for in ``$POSEGAN_SHARED_DATA`` or in ``../shared/data`` beside the repository.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))
from data_manifest.published_files import read_keypoints  # noqa: E402
from preprocess.demo.drawing.body import skeleton  # noqa: E402
from preprocess.demo.drawing.cameras import NUM_CAMERAS  # noqa: E402
from preprocess.demo.drawing.framing import CROP_SIZE, framed, sample_framing  # noqa: E402
from preprocess.demo.drawing.people import sample_person  # noqa: E402
from preprocess.demo.drawing.poses import sample_angles, sample_track, spread_turn  # noqa: E402
from preprocess.sources.market1501 import parse_name  # noqa: E402
from shared.affine import pair_transforms  # noqa: E402
from shared.console import Console  # noqa: E402
from shared.singular_values import singular_values  # noqa: E402
from shared.skeleton import JOINT, TORSO  # noqa: E402
from shared.stable_fit import degenerate  # noqa: E402

IMAGES_EACH = 12
NUM_PAIRS = 20_000
CORNERS = [JOINT[name] for name in ("RSho", "LSho", "RHip", "LHip")]
PERCENTILES = (5, 10, 20, 50, 80)


def main() -> None:
    """Measure both and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    folder = Path(os.environ.get("POSEGAN_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    parser.add_argument("--published", type=Path, default=folder / "market-annotation-train.csv")
    options = parser.parse_args()
    columns = {"drawn": _figures(*_drawn(options.people))}
    if options.published.exists():
        table = read_keypoints(options.published)
        names = [parse_name(name) for name in table.names]
        people = np.array([-1 if name is None else name.identity for name in names])
        columns["published"] = _figures(table.joints[people > 0], people[people > 0])
    rows = [(name, *(each[name] for each in columns.values())) for name in columns["drawn"]]
    Console().table("torsos of pairs of a person", ("", *columns), rows)


def _drawn(num_people: int) -> tuple[np.ndarray, np.ndarray]:
    """Pose people before six cameras each; joints (n, 18, 2) in whole pixels, and whose."""
    joints, people = [], []
    for identity in range(num_people):
        build = sample_person(1, identity).build
        for camera in range(NUM_CAMERAS):
            rng = np.random.default_rng((1, identity, camera))
            track, pitch = (
                sample_track(rng, spread_turn(1, identity, camera)),
                rng.uniform(0.1, 0.3),
            )
            for _ in range(IMAGES_EACH // NUM_CAMERAS):
                body = skeleton(sample_angles(track, rng), build, pitch)
                placed = framed(body, sample_framing(rng), CROP_SIZE)
                joints.append(np.rint(placed.points[:, :2]))
                people.append(identity)
    return np.array(joints), np.array(people)


def _figures(joints: np.ndarray, people: np.ndarray) -> dict[str, str]:
    whole = np.isfinite(joints[:, CORNERS]).all(axis=(1, 2))
    joints, people = joints[whole], people[whole]
    source, target = _pairs(people)
    transforms, status = pair_transforms(joints[source], joints[target])
    known = status[:, TORSO] > 0
    torsos = transforms[known, TORSO]
    large, small = singular_values(torsos[..., :2])
    useless = degenerate(torsos, status[known, TORSO])
    shares = {
        "condition above 4": large > 4 * small,
        "determinant below .15": large * small < 0.15,
        "degenerate": useless,
    }
    figures = {name: f"{100 * marks.mean():.1f} %" for name, marks in shares.items()}
    right_shoulder, left_shoulder, right_hip, left_hip = joints[:, CORNERS].transpose(1, 0, 2)
    axis = 0.5 * (right_shoulder + left_shoulder - right_hip - left_hip)
    length = np.hypot(*axis.T)
    for name, right, left in (
        ("shoulders", right_shoulder, left_shoulder),
        ("hips", right_hip, left_hip),
    ):
        wide = np.percentile(np.abs(left - right)[:, 0] / length, PERCENTILES)
        shown = " / ".join(f"{value:.2f}" for value in wide)
        figures[f"width of {name} at 5, 10, 20, 50, 80 %"] = shown
    return figures


def _pairs(people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw ordered pairs of different pictures of a person, every pair as likely."""
    groups = [np.flatnonzero(people == number) for number in np.unique(people)]
    groups = [group for group in groups if len(group) > 1]
    weights = np.array([len(group) * (len(group) - 1) for group in groups], dtype=float)
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(groups), NUM_PAIRS, p=weights / weights.sum())
    pairs = np.array([rng.choice(groups[number], 2, replace=False) for number in chosen])
    return pairs[:, 0], pairs[:, 1]


if __name__ == "__main__":
    main()
