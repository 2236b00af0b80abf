"""Small shard folders with figures of coloured lines, made without stage 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from poses import standing_pose

from data_manifest import schema
from data_manifest.arrays import ShardArrays
from data_manifest.manifest import Manifest, publish_manifest
from data_manifest.shard import publish_shard
from shared.affine import pair_transforms
from shared.geometry import mask_quads, presence
from shared.skeleton import LIMBS, TORSO_JOINTS

POSE_SIZE = (128, 64)


def draw_figure(joints: np.ndarray, colours: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A figure of thick lines in a person's colours on a plain ground."""
    height, width = size
    picture = Image.new("RGB", (width, height), tuple(colours[0]))
    draw = ImageDraw.Draw(picture)
    draw.polygon([tuple(joints[j]) for j in TORSO_JOINTS], fill=tuple(colours[1]))
    for limb, (start, end) in enumerate(LIMBS):
        if np.isfinite(joints[[start, end]]).all():
            line = [tuple(joints[start]), tuple(joints[end])]
            draw.line(line, fill=tuple(colours[2 + limb // 4]), width=max(2, width // 9))
    return np.asarray(picture)


def random_arrays(
    seed: int,
    *,
    identities: tuple[int, ...],
    images: int = 4,
    size: tuple[int, int] = (64, 48),
    first_pair: int = 0,
) -> ShardArrays:
    rng = np.random.default_rng(seed)
    count = images * len(identities)
    who = np.repeat(np.array(identities, np.int32), images)
    scale = np.array([size[1] / POSE_SIZE[1], size[0] / POSE_SIZE[0]])
    joints = (standing_pose() + rng.normal(0, 5, (count, 18, 2))) * scale
    absent = rng.random((count, 18)) < 0.15
    absent[:, list(TORSO_JOINTS)] = False
    joints[absent] = np.nan
    colours = {i: rng.integers(0, 256, (4, 3), dtype=np.uint8).tolist() for i in identities}
    pictures = [
        draw_figure(pose, [tuple(c) for c in colours[i]], size)
        for pose, i in zip(joints, who.tolist(), strict=True)
    ]
    pairs = np.array(
        [(a, b) for a in range(count) for b in range(count) if a != b and who[a] == who[b]],
        dtype=np.int32,
    )
    joints = joints.astype(np.float32)
    transforms, status = pair_transforms(joints[pairs[:, 0]], joints[pairs[:, 1]])
    return ShardArrays(
        images=np.stack(pictures),
        joints=joints,
        present=presence(joints),
        scores=np.full((count, 18), np.nan, np.float32),
        quads=mask_quads(joints, size),
        names=np.array([f"{i:04d}_c1s1_{row:06d}_00.jpg".encode() for row, i in enumerate(who)]),
        identities=who,
        cameras=np.ones(count, np.int16),
        people=np.full(count, -1, np.int16),
        person_scores=np.ones(count, np.float32),
        margins=np.full(count, np.nan, np.float32),
        pairs=pairs,
        pair_order=np.arange(first_pair, first_pair + len(pairs), dtype=np.int64),
        transforms=transforms.astype(np.float32),
        status=status,
    )


def publish_shards(
    folder: Path,
    *,
    size: tuple[int, int] = (64, 48),
    train_shards: int = 3,
    identities: int = 2,
    images: int = 4,
) -> Path:
    """A shard folder with some train shards and one test shard of other identities."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    first_pair = {"train": 0, "test": 0}
    splits = ["train"] * train_shards + ["test"]
    for seed, split in enumerate(splits):
        who = tuple(range(2 + seed * identities, 2 + (seed + 1) * identities))
        arrays = random_arrays(
            seed, identities=who, images=images, size=size, first_pair=first_pair[split]
        )
        first_pair[split] += len(arrays.pairs)
        file = schema.shard_file(split, 0 if split == "test" else seed)
        entries.append(publish_shard(folder / file, split, arrays))
    publish_manifest(
        folder,
        Manifest(image_size=size, shards=tuple(entries), settings={}, versions={}, files={}),
    )
    return folder
