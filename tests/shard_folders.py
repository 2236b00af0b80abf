"""Whole shard folders for the tests of data_manifest: shards, tables and manifest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from poses import random_poses

from data_manifest import schema, tables
from data_manifest.arrays import ShardArrays
from data_manifest.manifest import Manifest, ShardEntry, pairs_file, publish_manifest
from data_manifest.shard import publish_shard
from shared.affine import pair_transforms
from shared.geometry import mask_quads, presence
from shared.skeleton import JOINTS, TORSO_JOINTS

SIZE = (24, 16)


def small_arrays(
    seed: int,
    identities: Sequence[int],
    *,
    images: int = 3,
    size: tuple[int, int] = SIZE,
    first_pair: int = 0,
) -> ShardArrays:
    """Random pictures and poses; the pairs are all of each identity, in a shuffled order."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.array(identities, np.int32), images)
    count = len(who)
    joints = random_poses(rng, count) * [size[1] / 64, size[0] / 128]
    torso = random_poses(rng, count, missing=0) * [size[1] / 64, size[0] / 128]
    joints[:, TORSO_JOINTS] = torso[:, TORSO_JOINTS]
    joints = joints.astype(np.float32)
    known = presence(joints)
    pairs = np.array(
        [(a, b) for a in range(count) for b in range(count) if a != b and who[a] == who[b]],
        np.int32,
    ).reshape(-1, 2)
    transforms, status = pair_transforms(joints[pairs[:, 0]], joints[pairs[:, 1]])
    return ShardArrays(
        images=rng.integers(0, 256, (count, *size, 3), dtype=np.uint8),
        joints=joints,
        present=known,
        scores=np.where(known, rng.random((count, 18)), np.nan).astype(np.float32),
        quads=mask_quads(joints, size),
        names=np.array(
            [f"{i:04d}_c1s1_{row:06d}_{seed:02d}.jpg".encode() for row, i in enumerate(who)]
        ),
        identities=who,
        cameras=rng.integers(1, 7, count).astype(np.int16),
        people=rng.integers(-1, 3, count).astype(np.int16),
        person_scores=rng.random(count).astype(np.float32),
        margins=np.full(count, np.nan, np.float32),
        pairs=pairs,
        pair_order=first_pair + rng.permutation(len(pairs)),
        transforms=transforms.astype(np.float32),
        status=status,
    )


def small_shards() -> list[tuple[str, ShardArrays]]:
    """Two train shards and one test shard that belong together."""
    first = small_arrays(1, (2, 7))
    second = small_arrays(2, (9, 11), first_pair=len(first.pairs))
    return [("train", first), ("train", second), ("test", small_arrays(3, (5,), images=4))]


def image_table(shards: Sequence[tuple[str, ShardArrays]]) -> pd.DataFrame:
    """A table of the images in shards, and of one that is in none."""
    numbers = {"train": 0, "test": 0}
    rows: list[dict[str, object]] = []
    for split, arrays in shards:
        for row, name in enumerate(arrays.names.tolist()):
            known = arrays.present[row]
            rows.append(
                {
                    "name": name.decode(),
                    "folder": f"bounding_box_{split}",
                    "split": split,
                    "status": "valid",
                    "reason": "",
                    "identity": int(arrays.identities[row]),
                    "camera": int(arrays.cameras[row]),
                    "sequence": 1,
                    "frame": row,
                    "box": 0,
                    "width": 64,
                    "height": 128,
                    "shard": numbers[split],
                    "row": row,
                    "joints_present": int(known.sum()),
                    "people": int(arrays.people[row]),
                    "person_score": float(arrays.person_scores[row]),
                    **{f"has_{joint}": int(known[i]) for i, joint in enumerate(JOINTS)},
                }
            )
        numbers[split] += 1
    rows.append(
        {"name": "NA", "folder": "query", "split": "", "status": "unread", "reason": "none"}
    )
    table = pd.DataFrame(rows, columns=[column.name for column in schema.IMAGE_COLUMNS])
    texts = [column.name for column in schema.IMAGE_COLUMNS if column.dtype == "str"]
    return table.astype(dict.fromkeys(texts, "str"))


def publish_folder(
    folder: Path, shards: Sequence[tuple[str, ShardArrays]] | None = None
) -> Manifest:
    """Publish shards with the tables and the manifest that belong to them."""
    shards = small_shards() if shards is None else shards
    folder.mkdir(parents=True, exist_ok=True)
    entries: list[ShardEntry] = []
    pairs: dict[str, list[pd.DataFrame]] = {"train": [], "test": []}
    for split, arrays in shards:
        number = len(pairs[split])
        file = schema.shard_file(split, number)
        pairs[split].append(tables.pair_table(arrays, number))
        entries.append(publish_shard(folder / file, split, arrays))
    files = {"images.csv": tables.publish_images(folder, image_table(shards))}
    for split, parts in pairs.items():
        empty = tables.pair_table(shards[0][1], 0)[:0]
        listed = pd.concat(parts).sort_values("order") if parts else empty
        files[pairs_file(split)] = tables.publish_pairs(folder, split, listed)
    manifest = Manifest(
        image_size=shards[0][1].image_size,
        shards=tuple(entries),
        settings={"image_size": [24, 16], "pose": {"threshold": 0.5}},
        versions={"posegan": "0.1.0"},
        files=files,
        summary={"pairs": {"columns": ["split", "pairs"], "rows": [["train", 24]]}},
    )
    publish_manifest(folder, manifest)
    return manifest
