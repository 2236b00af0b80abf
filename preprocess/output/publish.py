"""The end of the stage: tables for pandas, the summary and, last of all, the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from data_manifest.manifest import (
    IMAGES_FILE,
    Manifest,
    ShardEntry,
    pairs_file,
    publish_manifest,
)
from data_manifest.tables import publish_images, publish_pairs
from preprocess.output.folder import OutputFolder
from preprocess.output.report import StageTimes, summary_of
from preprocess.output.tables import image_table, pairs_of_split
from preprocess.pairing.annotations import Annotations
from preprocess.pairing.catalogue import Catalogue
from preprocess.pairing.splits import Split
from preprocess.pairing.transforms import PartsOfPairs
from preprocess.sources.source import Listing
from shared.provenance import versions

LIBRARIES: Final = ("numpy", "pillow", "simplejpeg", "h5py", "pandas", "torch", "ultralytics")


@dataclass(frozen=True)
class Made:
    """The shards that were made.

    Args:
        entries: Their entries in the manifest, train before test.
        parts: Split to what became of the parts of each shard's pairs.
    """

    entries: tuple[ShardEntry, ...]
    parts: Mapping[str, Sequence[PartsOfPairs]]


def publish_folder(
    out: OutputFolder,
    made: Made,
    *,
    listing: Listing,
    catalogue: Catalogue,
    annotations: Annotations | None,
    splits: Sequence[Split],
    record: Mapping[str, Any],
    pose_key: str,
    image_size: tuple[int, int],
    times: StageTimes,
) -> Manifest:
    """Publish everything that stands beside the shards and thereby finish the folder.

    Args:
        out: The output folder.
        made: The shards.
        listing: Every file of the data set.
        catalogue: The train and test images.
        annotations: Published key points, None where a pose model was used.
        splits: Images and pairs of the splits.
        record: What decides the content.
        pose_key: The pose model's key, "" where none was used.
        image_size: (height, width) of the images in the shards.
        times: Time of the stages so far; this one is added.

    Returns:
        The manifest.
    """
    with times.stage("tables"):
        images = image_table(listing, catalogue, annotations, _places(splits))
        hashes = {IMAGES_FILE: publish_images(out.path, images, out.disk)}
        names = np.array(catalogue.names, dtype=object)
        parts = {split.name: PartsOfPairs.joined(made.parts[split.name]) for split in splits}
        for split in splits:
            tables = pairs_of_split(
                names[split.rows],
                catalogue.identities[split.rows],
                catalogue.cameras[split.rows],
                split.plans,
                parts[split.name],
            )
            hashes[pairs_file(split.name)] = publish_pairs(out.path, split.name, tables, out.disk)
    summary = summary_of(
        images=images,
        catalogue=catalogue,
        splits=splits,
        parts=parts,
        shards=made.entries,
        seconds=times.seconds,
    )
    manifest = Manifest(
        image_size=image_size,
        shards=made.entries,
        settings=record,
        versions=versions(*LIBRARIES) | ({"pose model": pose_key} if pose_key else {}),
        files=hashes,
        summary=summary,
    )
    publish_manifest(out.path, manifest, out.disk)
    return manifest


def _places(splits: Sequence[Split]) -> dict[int, tuple[int, int]]:
    """Map catalogue rows to (shard number, row in the shard)."""
    return {
        row: (plan.number, place)
        for split in splits
        for plan in split.plans
        for place, row in enumerate(split.rows[plan.rows].tolist())
    }
