"""The record of what decides a shard folder's content, by which a repeated run knows its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from preprocess.output.folder import WEIGHTS_KEY
from preprocess.pairing.given import GivenFiles
from preprocess.pose.weight_files import find_weights
from preprocess.settings import PrepareSettings
from preprocess.sources.source import Listing, Source
from shared.files import sha256_of_file
from shared.settings import lasting


def record_of(
    settings: PrepareSettings, source: Source, listing: Listing, given: GivenFiles
) -> dict[str, Any]:
    """Return what decides the content of the shards, as plain values.

    Neither the place of the source nor the way in which the work is done is part of it.

    Args:
        settings: The run's settings.
        source: The data set.
        listing: Its files.
        given: The files that the settings name.
    """
    record: dict[str, Any] = {
        "source": {
            "images": len(listing.images),
            "names_and_sizes": listing.key,
            **source.settings,
        },
        "shards": lasting(settings.shards),
        "keypoints": [file.named_hash for file in given.keypoints],
    }
    for split in ("train", "test"):
        pairs = given.pair_lists.get(split)
        record[f"{split}_pairs"] = None if pairs is None else pairs.named_hash
    if not settings.keypoints:
        pose = settings.pose
        record["pose"] = {
            "model": Path(pose.pose_model).name,
            "size": list(pose.pose_size),
            "person_threshold": pose.person_threshold,
            "joint_threshold": pose.joint_threshold,
        }
        record[WEIGHTS_KEY] = _weights_sha256(settings)
    return record


def _weights_sha256(settings: PrepareSettings) -> str | None:
    """Return the hash of the weights, None while it depends on the device or on a download."""
    if settings.pose.pose_model == "auto":
        return None
    place = find_weights(settings.pose.pose_model, "cpu")
    return sha256_of_file(place.path) if place.present else None
