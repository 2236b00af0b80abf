"""Given poses: names and joints from a published annotation, to be drawn.

Convention:
    Joints are float64 (n, 18, 2), (x, y) in pixels of a 64 × 128 crop, NaN where absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_manifest.point_order import refuse_points_outside
from data_manifest.published_files import read_keypoints
from preprocess.demo.drawing.framing import CROP_SIZE
from preprocess.sources.market1501 import parse_name
from shared.errors import UsageError, problem
from shared.input_file import InputFile, read_input
from shared.skeleton import JOINT

NOSE_SHARE = 0.62
"""Where the nose lies between the neck and the top of the head."""


@dataclass(frozen=True)
class GivenPoses:
    """Poses of an annotation.

    Attributes:
        names: File names, in the order of the file.
        joints: See the module's convention.
    """

    names: tuple[str, ...]
    joints: NDArray[np.float64]

    @property
    def identities(self) -> set[int]:
        """The people in the names, without junk and distractors."""
        said = (parse_name(name) for name in self.names)
        return {name.identity for name in said if name is not None and name.identity > 0}


def read_poses(file: Path | InputFile) -> GivenPoses:
    """Read the poses to be drawn.

    Human-made annotations with 15 joints have no eyes and ears anywhere, and the top of the head
    in place of the nose; there the nose is put between the head's top and the neck.

    Args:
        file: A key point file in the published form.

    Raises:
        UsageError: It cannot be read, is empty, or its points are not of such crops.
    """
    file = read_input(file)
    table = read_keypoints(file)
    if not len(table):
        raise UsageError(problem(file.path, "rows with poses", "none", "give another file"))
    refuse_points_outside(file.path, table.joints, np.full((len(table), 2), CROP_SIZE))
    joints = table.joints.copy()
    face = [JOINT[name] for name in ("REye", "LEye", "REar", "LEar")]
    if np.isnan(joints[:, face]).all():
        nose, neck = JOINT["nose"], JOINT["neck"]
        joints[:, nose] = joints[:, neck] + NOSE_SHARE * (joints[:, nose] - joints[:, neck])
    return GivenPoses(table.names, joints)
