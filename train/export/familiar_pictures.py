"""What an export keeps of the pictures that its generator learned from: features of some."""

from __future__ import annotations

from typing import Final

import numpy as np

from data_manifest.listed import listed_shard
from data_manifest.manifest import Manifest
from data_manifest.remote.folder import ShardFolder
from train.inference.familiar import MOST_PICTURES, Familiar, learned
from train.inference.picture_features import picture_features

SEED: Final = 0
STEP: Final = 3
"""Of so many pictures one is looked at as a negative, too."""


def familiar_pictures(folder: ShardFolder, manifest: Manifest) -> Familiar | None:
    """Learn from a shard folder what a generator has seen; the same of the same shards.

    Args:
        folder: The shard folder.
        manifest: Its manifest.

    Returns:
        None where there are too few pictures.

    Raises:
        DamagedError: A shard is not what the manifest lists.
    """
    rng = np.random.default_rng(SEED)
    total = manifest.num_images("train")
    chosen = np.sort(rng.permutation(total)[:MOST_PICTURES])
    features, identities, negatives, begin = [], [], [], 0
    for entry in manifest.of_split("train"):
        with listed_shard(folder, entry) as shard:
            rows = chosen[(chosen >= begin) & (chosen < begin + shard.num_images)] - begin
            pictures, joints = shard.images[rows], shard.joints[rows]
            features.append(picture_features(pictures, joints))
            negatives.append(picture_features(255 - pictures[::STEP], joints[::STEP]))
            identities.append(shard.identities[rows])
            begin += shard.num_images
    found, opposed = ([each for each in rows if len(each)] for rows in (features, negatives))
    if not found:
        return None
    return learned(np.concatenate(found), np.concatenate(identities), np.concatenate(opposed))
