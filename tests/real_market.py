"""The data set that a small shard folder could have been made from, in Market-1501's layout."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from data_manifest.manifest import open_manifest
from data_manifest.shard import read_shard

FOLDERS = {"train": "bounding_box_train", "test": "bounding_box_test"}
QUERY_CAMERA = 2
"""The drawn shards know camera 1 alone."""


def market_of(shards: Path, folder: Path) -> Path:
    """Write every image of a shard folder under its name, and a query for each test person."""
    for name in (*FOLDERS.values(), "query"):
        (folder / name).mkdir(parents=True)
    for entry in open_manifest(shards).shards:
        arrays = read_shard(shards / entry.file, entry.sha256)
        asked: set[int] = set()
        rows = zip(arrays.names.tolist(), arrays.identities.tolist(), arrays.images, strict=True)
        for name, identity, pixels in rows:
            stream = io.BytesIO()
            Image.fromarray(pixels).save(stream, "JPEG")
            (folder / FOLDERS[entry.split] / name.decode()).write_bytes(stream.getvalue())
            if entry.split == "test" and identity not in asked:
                asked.add(identity)
                query = name.decode().replace("_c1", f"_c{QUERY_CAMERA}")
                (folder / "query" / query).write_bytes(stream.getvalue())
    return folder
