"""Paths as processes of other working folders find them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from preprocess.settings import PoseSettings, PrepareSettings


def pose_file(pose: PoseSettings) -> Path | None:
    """Return the pose model's file where the model is named by it."""
    path = Path(os.path.expanduser(pose.pose_model))  # noqa: PTH111 - it never raises
    return path.absolute() if path.is_file() else None


def with_whole_paths(settings: PrepareSettings) -> PrepareSettings:
    """Name source, output and pose model by their whole paths; links in them stay."""
    pose, file = settings.pose, pose_file(settings.pose)
    if file is not None:
        pose = replace(pose, pose_model=str(file))
    src, out = settings.src.absolute(), settings.out.absolute()
    return replace(settings, src=src, out=out, pose=pose)
