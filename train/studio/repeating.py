"""The command line that draws the page's picture again, and the files that it reads."""

from __future__ import annotations

import shlex
from pathlib import PurePath
from typing import Final

from data_manifest.published_files import keypoints_text
from shared.geometry import Float64s
from shared.skeleton_file import Skeleton, skeleton_text
from train.repose.naming import label_of
from train.studio.photos import HeldPhoto

POSE_NAME: Final = "pose.json"


def command_line(model: str, photo: HeldPhoto) -> str:
    """Return a ``repose`` command line; its files are those of :func:`files_of`, side by side."""
    name = source_name(photo)
    words = ["repose", "--model", model, "--source", _plain(name)]
    words += ["--source-poses", _plain(poses_name(photo)), "--target", _plain(pose_name(photo))]
    return shlex.join([*words, "--out", "reposed"])


def files_of(photo: HeldPhoto, source: Float64s, target: Float64s) -> dict[str, str]:
    """Return the text files by their names: the person's pose and the one that is wanted."""
    name = poses_name(photo)
    listed = source_name(photo)
    return {
        name: keypoints_text(PurePath(name), (listed,), source[None], exact=True),  # type: ignore[arg-type]
        pose_name(photo): skeleton_text(Skeleton(target, photo.size)),
    }


def source_name(photo: HeldPhoto) -> str:
    """Return the photo's file name; an image of shards is saved from the page as a PNG."""
    return f"{label_of(photo.name)}.png" if photo.key.startswith("gallery-") else photo.name


def poses_name(photo: HeldPhoto) -> str:
    """Return the name of the file with the person's pose."""
    return f"{label_of(photo.name)}-source.csv"


def pose_name(photo: HeldPhoto) -> str:
    """Return the name of the file with the pose that is wanted."""
    return f"{label_of(photo.name)}-{POSE_NAME}"


def _plain(name: str) -> str:
    """Return a file name that no command takes for an option."""
    return f"./{name}" if name.startswith("-") else name
