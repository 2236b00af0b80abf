"""Makes the archive of the present version of the format: run once a version, never again.

``python tests/data_manifest/archive/make_archive.py`` writes ``v<version>/`` beside this file: a
small finished shard folder, and ``expected.json`` with a hash of every array in it. It refuses to
touch an archive that exists: files of a released version are never made anew.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[2]), str(HERE.parents[1])]


def digest(values: np.ndarray) -> str:
    """A hash of an array's type, shape and values; NaN counts as one value."""
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.array(np.nan, values.dtype), values)
    head = f"{values.dtype.str} {values.shape} ".encode()
    return hashlib.sha256(head + np.ascontiguousarray(values).tobytes()).hexdigest()


def main() -> None:
    """Write the archive."""
    from shard_folders import publish_folder, small_shards

    from data_manifest import schema

    folder = HERE / f"v{schema.VERSION}"
    if folder.exists():
        sys.exit(f"{folder} exists: an archive of a released version is never made anew")
    manifest = publish_folder(folder)
    expected = {
        entry.file: {name: digest(values) for name, values in arrays.as_mapping().items()}
        for entry, (_, arrays) in zip(manifest.shards, small_shards(), strict=True)
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
