"""The form of the library webdataset: tar files of pairs.

Convention:
    A pair is three files that follow each other: ``KEY.source.jpg KEY.target.jpg KEY.json``. KEY
    is the pair's position in the split's list, eight digits. A tar file holds pairs of one shard,
    in the order of the list; its bytes follow from the pairs alone: no times, no owners. Absent
    joints, transforms and cameras are null.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data_manifest import schema
from data_manifest.arrays import ShardArrays
from data_manifest.manifest import Manifest, ShardEntry
from shared.geometry import presence

FIELDS: Final = {
    "source": "file name of the source",
    "target": "file name of the target",
    "identity": "who both show",
    "source_camera": "camera of the source, null unknown",
    "target_camera": "camera of the target, null unknown",
    "source_joints": "18 joints [x, y] in pixels, null where absent",
    "target_joints": "18 joints [x, y] in pixels, null where absent",
    "transforms": "10 matrices 2 x 3, target to source in pixels, null where there is none",
    "status": "10 numbers: 0 no transform, 1 direct, 2 from the mirrored limb of the source",
}
"""The keys of ``KEY.json``."""

BLOCK_BYTES: Final = 512
JSON_BYTES: Final = 5_000
"""What ``KEY.json`` takes up, for estimates."""

MODE: Final = 0o644


@dataclass(frozen=True)
class TarPlan:
    """Which pairs go into one tar file.

    Args:
        file: Its name.
        entry: The shard that holds them.
        first: The first of them in the order of the list, among the shard's.
        count: How many.
    """

    file: str
    entry: ShardEntry
    first: int
    count: int


def plan_tars(manifest: Manifest, pairs_per_tar: int) -> list[TarPlan]:
    """Divide the pairs of a shard folder into tar files, train before test."""
    plans = []
    for split in schema.SPLITS:
        starts = (
            (entry, first)
            for entry in manifest.of_split(split)
            for first in range(0, entry.num_pairs, pairs_per_tar)
        )
        for number, (entry, first) in enumerate(starts):
            count = min(pairs_per_tar, entry.num_pairs - first)
            plans.append(TarPlan(f"{split}-{number:05d}.tar", entry, first, count))
    return plans


def pair_bytes(image_bytes: float) -> int:
    """Estimate what a pair takes up in a tar file."""
    return int(3 * BLOCK_BYTES + 2 * (image_bytes + BLOCK_BYTES / 2) + JSON_BYTES)


def tar_of(plan: TarPlan, arrays: ShardArrays, files: Sequence[bytes]) -> memoryview:
    """Build a tar file.

    Args:
        plan: Which pairs.
        arrays: Their shard.
        files: The content of its images' files.
    """
    stream = io.BytesIO()
    chosen = np.argsort(arrays.pair_order)[plan.first : plan.first + plan.count]
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for pair in chosen.tolist():
            for name, data in _members(arrays, files, pair):
                member = tarfile.TarInfo(name)
                member.size, member.mode, member.mtime = len(data), MODE, 0
                tar.addfile(member, io.BytesIO(data))
    return stream.getbuffer()


def _members(arrays: ShardArrays, files: Sequence[bytes], pair: int) -> Iterator[tuple[str, bytes]]:
    source, target = arrays.pairs[pair].tolist()
    key = f"{int(arrays.pair_order[pair]):08d}"
    yield f"{key}.source.jpg", files[source]
    yield f"{key}.target.jpg", files[target]
    yield f"{key}.json", json.dumps(_facts(arrays, pair, source, target)).encode()


def _facts(arrays: ShardArrays, pair: int, source: int, target: int) -> dict[str, Any]:
    status = arrays.status[pair].tolist()
    matrices = arrays.transforms[pair].tolist()
    return {
        "source": arrays.names[source].decode(),
        "target": arrays.names[target].decode(),
        "identity": int(arrays.identities[source]),
        "source_camera": _known(int(arrays.cameras[source])),
        "target_camera": _known(int(arrays.cameras[target])),
        "source_joints": _joints(arrays.joints[source]),
        "target_joints": _joints(arrays.joints[target]),
        "transforms": [m if kind else None for m, kind in zip(matrices, status, strict=True)],
        "status": status,
    }


def _known(camera: int) -> int | None:
    return camera if camera >= 0 else None


def _joints(joints: NDArray[np.float32]) -> list[list[float] | None]:
    known = presence(joints)
    return [xy if here else None for xy, here in zip(joints.tolist(), known.tolist(), strict=True)]
