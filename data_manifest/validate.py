"""Everything that can be wrong with a shard folder, as a list of findings.

Unlike the reader, which stops at the first fault, the validator goes on and reports all it sees.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pandas as pd

from data_manifest import schema, tables
from data_manifest.arrays import ShardArrays
from data_manifest.listed import listed_shard
from data_manifest.manifest import (
    Manifest,
    ShardEntry,
    open_manifest,
    pairs_file,
)
from data_manifest.remote.folder import RemoteFolder, ShardFolder
from data_manifest.shard import Shard
from data_manifest.tables import load_images, load_pairs
from shared.affine import pair_transforms
from shared.errors import DamagedError, PoseGanError, RulesBrokenError
from shared.files import sha256_of_file
from shared.geometry import mask_quads, valid_poses

QUAD_TOLERANCE_PX = 0.01
TRANSFORM_TOLERANCE = 1e-3
"""Share of a transform's largest coefficient: it is stored as float32, from float32 joints."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        where: File, and place in it.
        what: One phrase.
        exit_code: Exit code of a command that ends because of it.
    """

    where: str
    what: str
    exit_code: int


@dataclasses.dataclass(frozen=True)
class _Seen:
    """What is kept of a shard that was read: enough to compare it with the rest of the folder."""

    entry: ShardEntry
    names: pd.Series[str]
    identities: frozenset[int]
    num_joints: pd.Series[int]
    pairs: pd.DataFrame


def findings(folder: ShardFolder, advance: Callable[[], None] = lambda: None) -> list[Finding]:
    """List what is wrong with a shard folder.

    Args:
        folder: The folder; of one elsewhere, files that the manifest does not list are not seen.
        advance: Called after each shard, for a progress display.

    Returns:
        All findings; empty where every promise of FORMAT.md is kept.
    """
    try:
        manifest = open_manifest(folder)
    except PoseGanError as error:
        return [Finding(str(folder), error.message, error.exit_code)]
    found = list(_strangers(folder, manifest))
    seen: list[_Seen] = []
    for entry in manifest.shards:
        try:
            arrays = _read(folder, entry)
        except PoseGanError as error:
            found.append(Finding(entry.file, error.message, error.exit_code))
        else:
            found += [_broken(entry.file, what) for what in _shard_faults(arrays, entry, manifest)]
            seen.append(_keep(arrays, entry))
        advance()
    whole = len(seen) == len(manifest.shards)
    found += _split_faults(seen, whole)
    found += _table_faults(folder, seen, whole)
    return found


def _broken(where: str, what: str) -> Finding:
    return Finding(where, what, RulesBrokenError.exit_code)


def _strangers(folder: ShardFolder, manifest: Manifest) -> Iterator[Finding]:
    listed = {entry.file for entry in manifest.shards} | set(manifest.files)
    if isinstance(folder, RemoteFolder):
        return
    for path in sorted((*folder.glob("*.h5"), *folder.glob("*.csv"))):
        if path.name not in listed:
            yield _broken(path.name, "a file that the manifest does not list")


def _read(folder: ShardFolder, entry: ShardEntry) -> ShardArrays:
    if isinstance(folder, RemoteFolder):
        shard_file: AbstractContextManager[Shard] = listed_shard(folder, entry)
    else:
        _require_bytes(folder / entry.file, entry)
        shard_file = Shard(folder / entry.file)
    with shard_file as shard:
        if shard.split != entry.split:
            raise DamagedError(f"a shard of the split {shard.split}")
        return shard.arrays()


def _require_bytes(path: Path, entry: ShardEntry) -> None:
    if not path.is_file():
        raise DamagedError("listed in the manifest and not there")
    size = path.stat().st_size
    if size != entry.num_bytes:
        raise DamagedError(f"{size:,} bytes and not {entry.num_bytes:,}")
    if sha256_of_file(path) != entry.sha256:
        raise DamagedError("not the hash that the manifest lists")


def _shard_faults(arrays: ShardArrays, entry: ShardEntry, manifest: Manifest) -> Iterator[str]:
    if len(arrays.images) != entry.num_images or len(arrays.pairs) != entry.num_pairs:
        yield "not the counts that the manifest lists"
    if set(arrays.identities.tolist()) != set(entry.identities):
        yield "not the identities that the manifest lists"
    if arrays.image_size != manifest.image_size:
        yield "not the image size that the manifest lists"
    joints = arrays.joints.astype(np.float64)
    if not valid_poses(joints).all():
        yield "joints: an image without hips and shoulders"
        return
    quads = mask_quads(joints, arrays.image_size)
    if not np.allclose(arrays.quads, quads, rtol=0, atol=QUAD_TOLERANCE_PX, equal_nan=True):
        yield "quads: not those of the joints"
    transforms, status = pair_transforms(joints[arrays.pairs[:, 0]], joints[arrays.pairs[:, 1]])
    if (status != arrays.status).any():
        yield "status: not that of the joints"
    largest = np.abs(transforms).max(axis=(-2, -1), initial=0, keepdims=True)
    if (np.abs(transforms - arrays.transforms) > TRANSFORM_TOLERANCE * largest).any():
        yield "transforms: not those of the joints"


def _keep(arrays: ShardArrays, entry: ShardEntry) -> _Seen:
    return _Seen(
        entry=entry,
        names=pd.Series(arrays.names.astype(np.str_), dtype="str"),
        identities=frozenset(arrays.identities.tolist()),
        num_joints=pd.Series(arrays.present.sum(axis=1)),
        pairs=tables.pair_table(arrays, entry.number),
    )


def _split_faults(seen: list[_Seen], whole: bool) -> Iterator[Finding]:
    for split in schema.SPLITS:
        parts = [part for part in seen if part.entry.split == split]
        owner: dict[int, str] = {}
        for part in parts:
            for identity in sorted(part.identities & owner.keys()):
                yield _broken(part.entry.file, f"identity {identity} also in {owner[identity]}")
            owner.update(dict.fromkeys(part.identities, part.entry.file))
        if not parts:
            continue
        if pd.concat([part.names for part in parts]).duplicated().any():
            yield _broken(split, "an image in two shards")
        order = np.sort(pd.concat([part.pairs["order"] for part in parts]).to_numpy())
        if whole and (order != np.arange(len(order))).any():
            yield _broken(split, "pair_order: not every position once")


def _table_faults(folder: ShardFolder, seen: list[_Seen], whole: bool) -> Iterator[Finding]:
    for split in schema.SPLITS:
        try:
            listed = load_pairs(folder, split)
        except PoseGanError as error:
            yield Finding(pairs_file(split), error.message, error.exit_code)
            continue
        parts = [part.pairs for part in seen if part.entry.split == split]
        if whole and not _same_pairs(listed, parts):
            yield _broken(pairs_file(split), "not the pairs of the shards")
    try:
        images = load_images(folder)
    except PoseGanError as error:
        yield Finding("images.csv", error.message, error.exit_code)
        return
    if whole and not _same_images(images, seen):
        yield _broken("images.csv", "not the images of the shards")


def _same_pairs(listed: pd.DataFrame, parts: list[pd.DataFrame]) -> bool:
    if not parts:
        return len(listed) == 0
    stored = pd.concat(parts, ignore_index=True).sort_values("order", ignore_index=True)
    return listed.equals(stored.drop(columns="order"))


def _same_images(images: pd.DataFrame, seen: list[_Seen]) -> bool:
    kept = images[images["shard"].notna()]
    kept = kept.set_index([kept["split"], kept["shard"].astype("int64")]).sort_values("row")
    if len(kept) != sum(len(part.names) for part in seen):
        return False
    groups = dict(iter(kept.groupby(level=[0, 1])))
    for part in seen:
        rows = groups.get((part.entry.split, part.entry.number))
        if rows is None or not (
            np.array_equal(rows["row"], np.arange(len(part.names)))
            and np.array_equal(rows["name"], part.names)
            and np.array_equal(rows["joints_present"], part.num_joints)
        ):
            return False
    return True
