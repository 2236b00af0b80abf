"""The contact sheet: pairs drawn so that wrong transforms are seen at a glance.

Each row is a pair: source and target with their skeletons, the ten part quads of the target, and
the source warped, part by part, into the target's pose: combined by max as the generator does, and
with the limbs laid on top. Where the transforms are right, the warped source stands as the target
beside it stands.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from data_manifest.arrays import ShardArrays
from data_manifest.inspection.warping import warp_parts
from data_manifest.manifest import Manifest, open_manifest
from data_manifest.settings import SheetSettings
from data_manifest.shard import read_shard
from shared.affine import STATUS_DIRECT, STATUS_MIRRORED
from shared.errors import UsageError, problem
from shared.files import Disk, publish
from shared.geometry import presence
from shared.skeleton import BONES, JOINTS, PARTS, TORSO

WANTED_HEIGHT_PX: Final = 384
MARGIN_PX: Final = 12
LINE_PX: Final = 20
HEADS: Final = (
    "source",
    "source skeleton",
    "target skeleton",
    "target parts",
    "warped: max",
    "warped: limbs on top",
    "target",
)
GROUND: Final = (255, 255, 255)
INK: Final = (30, 30, 30)
FAINT: Final = (110, 110, 110)
SIDE_COLOURS: Final = {"R": (255, 120, 0), "L": (0, 150, 255), "": (60, 220, 60)}
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
    folder: Path, file: Path, settings: SheetSettings, disk: Disk | None = None
) -> str:
    """Draw pairs of a shard folder and publish the picture.

    Args:
        folder: The shard folder.
        file: The picture, PNG.
        settings: Which pairs.
        disk: The calls to the operating system.

    Returns:
        The SHA-256 of the picture.

    Raises:
        UsageError: The split has no pairs.
        DamagedError: A shard is not what the manifest lists.
    """
    stream = io.BytesIO()
    draw_sheet(folder, settings).save(stream, "PNG")
    return publish(file, stream.getvalue(), disk)


def draw_sheet(folder: Path, settings: SheetSettings) -> Image.Image:
    """Draw pairs of a shard folder; see :func:`publish_sheet`."""
    manifest = open_manifest(folder)
    height, width = manifest.image_size
    factor = max(1, min(4, WANTED_HEIGHT_PX // height))
    rows: list[Image.Image] = []
    for file, chosen in _choose(manifest, settings):
        entry = next(entry for entry in manifest.shards if entry.file == file)
        arrays = read_shard(folder / file, entry.sha256)
        rows += [_draw_pair(arrays, pair, factor) for pair in chosen]
    return _stack([_heads(width * factor), *rows, _legend(rows[0].width)])


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


def _draw_pair(arrays: ShardArrays, pair: int, factor: int) -> Image.Image:
    source, target = (int(row) for row in arrays.pairs[pair])
    warp = (arrays.images[source], arrays.quads[target], arrays.transforms[pair])
    panels = [
        _enlarged(arrays.images[source], factor),
        _with_skeleton(arrays.images[source], arrays.joints[source], factor),
        _with_skeleton(arrays.images[target], arrays.joints[target], factor),
        _with_quads(arrays.images[target], arrays.quads[target], arrays.status[pair], factor),
        _enlarged(warp_parts(*warp, combine="max"), factor),
        _enlarged(warp_parts(*warp, combine="over"), factor),
        _enlarged(arrays.images[target], factor),
    ]
    row = _beside(panels, top=2 * LINE_PX)
    draw = ImageDraw.Draw(row)
    names = [arrays.names[image].decode() for image in (source, target)]
    draw.text((MARGIN_PX, 0), f"{names[0]}  to  {names[1]}", INK, _font(15))
    draw.text((MARGIN_PX, LINE_PX), _caption(arrays, pair), FAINT, _font(13))
    return row


def _caption(arrays: ShardArrays, pair: int) -> str:
    source, target = arrays.pairs[pair]
    status = arrays.status[pair]
    mirrored = [PARTS[part] for part in np.flatnonzero(status == STATUS_MIRRORED)]
    cameras = f"cameras {arrays.cameras[source]} to {arrays.cameras[target]}"
    direct = int((status == STATUS_DIRECT).sum())
    return (
        f"identity {arrays.identities[source]}, {cameras}; {direct} parts direct, "
        f"{len(mirrored)} mirrored{': ' if mirrored else ''}{', '.join(mirrored)}"
    )


def _enlarged(pixels: NDArray[np.uint8], factor: int) -> Image.Image:
    height, width = pixels.shape[:2]
    picture = Image.fromarray(np.ascontiguousarray(pixels), "RGB")
    return picture.resize((width * factor, height * factor), Image.Resampling.BICUBIC)


def _with_skeleton(
    pixels: NDArray[np.uint8], joints: NDArray[np.float32], factor: int
) -> Image.Image:
    picture = _enlarged(pixels // 2 + 40, factor)
    draw = ImageDraw.Draw(picture)
    points = _on_sheet(joints, factor)
    known = np.flatnonzero(presence(joints)).tolist()
    for start, end in BONES:
        if start in known and end in known:
            side = _side(JOINTS[end])
            draw.line([points[start], points[end]], SIDE_COLOURS[side], width=factor + 1)
    radius = factor + 0.5
    for joint in known:
        x, y = points[joint]
        box = (x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(box, SIDE_COLOURS[_side(JOINTS[joint])], outline=GROUND)
    return picture


def _with_quads(
    pixels: NDArray[np.uint8], quads: NDArray[np.float32], status: NDArray[np.uint8], factor: int
) -> Image.Image:
    picture = _enlarged(pixels // 2 + 60, factor)
    fill = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(fill)
    for part in range(len(PARTS)):
        if not np.isfinite(quads[part]).all():
            continue
        corners = _on_sheet(quads[part], factor)
        opacity = 0 if part == TORSO or not status[part] else 110
        draw.polygon(corners, fill=(*PART_COLOURS[part], opacity))
        width = factor + 1 if status[part] else 1
        draw.line([*corners, corners[0]], fill=(*PART_COLOURS[part], 255), width=width)
    return Image.alpha_composite(picture.convert("RGBA"), fill).convert("RGB")


def _on_sheet(points: NDArray[np.float32], factor: int) -> list[tuple[float, float]]:
    """Pixel centres lie on whole numbers, so an enlarged one lies in the middle of its square."""
    return [(float(x), float(y)) for x, y in (points + 0.5) * factor - 0.5]


def _side(joint: str) -> str:
    return joint[0] if joint[0] in "RL" else ""


def _font(size: int) -> Any:
    return ImageFont.load_default(size)


def _beside(panels: Sequence[Image.Image], top: int) -> Image.Image:
    width, height = panels[0].size
    row = Image.new("RGB", (len(panels) * (width + MARGIN_PX) + MARGIN_PX, top + height), GROUND)
    for place, panel in enumerate(panels):
        row.paste(panel, (MARGIN_PX + place * (width + MARGIN_PX), top))
    return row


def _stack(rows: Sequence[Image.Image]) -> Image.Image:
    height = sum(row.height + MARGIN_PX for row in rows) + MARGIN_PX
    sheet = Image.new("RGB", (max(row.width for row in rows), height), GROUND)
    y = MARGIN_PX
    for row in rows:
        sheet.paste(row, (0, y))
        y += row.height + MARGIN_PX
    return sheet


def _heads(panel_width: int) -> Image.Image:
    width = len(HEADS) * (panel_width + MARGIN_PX) + MARGIN_PX
    line = Image.new("RGB", (width, LINE_PX + 4), GROUND)
    draw = ImageDraw.Draw(line)
    for place, head in enumerate(HEADS):
        draw.text((MARGIN_PX + place * (panel_width + MARGIN_PX), 0), head, INK, _font(18))
    return line


def _legend(width: int) -> Image.Image:
    line = Image.new("RGB", (width, 3 * LINE_PX), GROUND)
    draw = ImageDraw.Draw(line)
    step = (width - 2 * MARGIN_PX) // 5
    for part, name in enumerate(PARTS):
        x, y = MARGIN_PX + part % 5 * step, part // 5 * LINE_PX
        draw.rectangle((x, y + 3, x + 14, y + 15), PART_COLOURS[part], outline=INK)
        draw.text((x + 20, y), name, INK, _font(14))
    text = "thin, empty quad: no transform.  Skeleton: orange is the person's right, blue the left."
    draw.text((MARGIN_PX, 2 * LINE_PX), text, FAINT, _font(13))
    return line
