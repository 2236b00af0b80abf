"""The contact sheet: pairs drawn so that wrong transforms are seen at a glance.

Each row is a pair: source and target with their skeletons, the ten part quads of the target, and
the source warped, part by part, into the target's pose: combined by max as the generator does, and
with the limbs laid on top. Where the transforms are right, the warped source stands as the target
beside it stands.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from data_manifest.arrays import ShardArrays
from data_manifest.inspection.warping import warp_parts
from data_manifest.listed import read_listed
from data_manifest.manifest import Manifest, open_manifest, require_shards
from data_manifest.remote.folder import ShardFolder
from data_manifest.settings import SheetSettings
from shared.affine import STATUS_DIRECT, STATUS_MIRRORED
from shared.errors import UsageError, problem
from shared.files import Disk
from shared.owned_files import OwnedFiles
from shared.picture_sheet import (
    LIGHT,
    draw_grid,
    draw_skeleton,
    enlarged,
    font_of,
    on_enlarged,
)
from shared.skeleton import PARTS, TORSO

WANTED_HEIGHT_PX: Final = 384
LEGEND_ENTRY_PX: Final = 110
HEADS: Final = (
    "source",
    "source skeleton",
    "target skeleton",
    "target parts",
    "warped: max",
    "warped: limbs on top",
    "target",
)
NOTES: Final = (
    "Thin, empty quad: no transform.",
    "Skeleton: orange is the person's right, blue the left.",
)
PART_COLOURS: Final = (
    (150, 150, 150),
    (240, 220, 40),
    (255, 120, 0),
    (0, 150, 255),
    (170, 60, 0),
    (0, 70, 190),
    (255, 60, 160),
    (90, 220, 60),
    (170, 0, 110),
    (20, 140, 60),
)


def publish_sheet(
    folder: ShardFolder, file: Path, settings: SheetSettings, disk: Disk | None = None
) -> None:
    """Draw pairs of a shard folder and publish the picture; only such a sheet is replaced.

    Args:
        folder: The shard folder.
        file: The picture, PNG.
        settings: Which pairs.
        disk: The calls to the operating system.

    Raises:
        UsageError: The split has no pairs, or the file is somebody else's.
        DamagedError: A shard is not what the manifest lists.
    """
    owned = OwnedFiles([file], "inspect-shards", disk)
    owned.check()
    stream = io.BytesIO()
    draw_sheet(folder, settings).save(stream, "PNG")
    owned.publish({file: stream.getvalue()})


def draw_sheet(folder: ShardFolder, settings: SheetSettings) -> Image.Image:
    """Draw pairs of a shard folder; see :func:`publish_sheet`."""
    manifest = open_manifest(folder)
    height, width = manifest.image_size
    factor = max(1, min(4, WANTED_HEIGHT_PX // height))
    rows: list[list[Image.Image]] = []
    captions: list[tuple[str, str]] = []
    require_shards(folder, manifest.of_split(settings.split))  # before counts are believed
    for file, chosen in _choose(manifest, settings):
        entry = next(entry for entry in manifest.shards if entry.file == file)
        arrays = read_listed(folder, entry)
        rows += [_draw_pair(arrays, pair, factor) for pair in chosen]
        captions += [_caption(arrays, pair) for pair in chosen]
    sheet_width = len(HEADS) * (width * factor + LIGHT.gap_px) - LIGHT.gap_px
    legend = _legend(sheet_width)
    return draw_grid(rows, look=LIGHT, heads=HEADS, captions=captions, foot=legend)


def _choose(manifest: Manifest, settings: SheetSettings) -> list[tuple[str, list[int]]]:
    entries = [entry for entry in manifest.of_split(settings.split) if entry.num_pairs]
    if not entries:
        found = f"no pairs in the split {settings.split}"
        raise UsageError(problem("--split", "a split with pairs", found, "choose the other split"))
    ends = np.cumsum([entry.num_pairs for entry in entries])
    total = int(ends[-1])
    random = np.random.default_rng(settings.seed)
    chosen = np.sort(random.choice(total, min(total, settings.num_pairs), replace=False))
    shard_of = np.searchsorted(ends, chosen, side="right")
    return [
        (entry.file, (chosen[shard_of == k] - (ends[k] - entry.num_pairs)).tolist())
        for k, entry in enumerate(entries)
        if (shard_of == k).any()
    ]


def _draw_pair(arrays: ShardArrays, pair: int, factor: int) -> list[Image.Image]:
    source, target = (int(row) for row in arrays.pairs[pair])
    warp = (arrays.images[source], arrays.quads[target], arrays.transforms[pair])
    return [
        enlarged(arrays.images[source], factor),
        _with_skeleton(arrays.images[source], arrays.joints[source], factor),
        _with_skeleton(arrays.images[target], arrays.joints[target], factor),
        _with_quads(arrays.images[target], arrays.quads[target], arrays.status[pair], factor),
        enlarged(warp_parts(*warp, combine="max"), factor),
        enlarged(warp_parts(*warp, combine="over"), factor),
        enlarged(arrays.images[target], factor),
    ]


def _caption(arrays: ShardArrays, pair: int) -> tuple[str, str]:
    source, target = arrays.pairs[pair]
    names = [arrays.names[image].decode() for image in (source, target)]
    status = arrays.status[pair]
    mirrored = [PARTS[part] for part in np.flatnonzero(status == STATUS_MIRRORED)]
    cameras = f"cameras {arrays.cameras[source]} to {arrays.cameras[target]}"
    direct = int((status == STATUS_DIRECT).sum())
    return f"{names[0]}  to  {names[1]}", (
        f"identity {arrays.identities[source]}, {cameras}; {direct} parts direct, "
        f"{len(mirrored)} mirrored{': ' if mirrored else ''}{', '.join(mirrored)}"
    )


def _with_skeleton(
    pixels: NDArray[np.uint8], joints: NDArray[np.float32], factor: int
) -> Image.Image:
    picture = enlarged(pixels // 2 + 40, factor)
    draw_skeleton(picture, joints, factor)
    return picture


def _with_quads(
    pixels: NDArray[np.uint8], quads: NDArray[np.float32], status: NDArray[np.uint8], factor: int
) -> Image.Image:
    picture = enlarged(pixels // 2 + 60, factor)
    fill = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(fill)
    for part in range(len(PARTS)):
        if not np.isfinite(quads[part]).all():
            continue
        corners = on_enlarged(quads[part], factor)
        opacity = 0 if part == TORSO or not status[part] else 110
        draw.polygon(corners, fill=(*PART_COLOURS[part], opacity))
        width = factor + 1 if status[part] else 1
        draw.line([*corners, corners[0]], fill=(*PART_COLOURS[part], 255), width=width)
    return Image.alpha_composite(picture.convert("RGBA"), fill).convert("RGB")


def _legend(width: int) -> Image.Image:
    line_px = LIGHT.line_px
    columns = max(1, min(5, width // LEGEND_ENTRY_PX))
    rows = -(-len(PARTS) // columns)
    legend = Image.new("RGB", (width, (rows + len(NOTES)) * line_px), LIGHT.ground)
    draw = ImageDraw.Draw(legend)
    for part, name in enumerate(PARTS):
        x, y = part % columns * (width // columns), part // columns * line_px
        draw.rectangle((x, y + 3, x + 14, y + 15), PART_COLOURS[part], outline=LIGHT.ink)
        draw.text((x + 20, y), name, LIGHT.ink, font_of(14))
    for number, note in enumerate(NOTES):
        draw.text((0, (rows + number) * line_px), note, LIGHT.faint, font_of(13))
    return legend
