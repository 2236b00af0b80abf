"""What a trained generator makes of the test pairs, as pictures in the field's result form.

Convention:
    A picture is named ``FROM.jpg_TO.jpg.png`` and shows source, target and generated image side
    by side, as Def-GAN's published results do. Beside the folder of pictures lie the targets' key
    points in the published form. Both are what ``eval-gan --panels --keypoints`` takes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from data_manifest.published_files import write_keypoints
from shared.console import Console, Stage
from shared.files import Disk, folder_lock, publish, publish_json, read_json, sha256_of_file
from train.checkpoint import load_run
from train.data.batch import make_batch
from train.data.store import Store, load_store, shards_of
from train.device import put_on, set_up_device
from train.nets.generator import Generator
from train.run_folder import read_settings, require_shards
from train.settings.tree import DeviceName
from train.watch.validation import draw_images

PANELS_NAME = "panels"
KEYPOINTS_NAME = "keypoints.csv"
ORIGIN_NAME = "generated.json"


@dataclass(frozen=True, kw_only=True)
class Generated:
    """Where the generated pictures are.

    Attributes:
        panels: Folder of the pictures.
        keypoints: Key points of the targets.
        image_size: (height, width) of one panel.
        num_pairs: Number of pictures.
    """

    panels: Path
    keypoints: Path
    image_size: tuple[int, int]
    num_pairs: int


def generate_pairs(
    run: Path,
    shards: Path,
    out: Path,
    *,
    console: Console,
    raw_weights: bool = False,
    limit: int | None = None,
    batch: int = 32,
    device_name: DeviceName = "auto",
    disk: Disk | None = None,
) -> Generated:
    """Draw every test pair; pictures that an earlier call has drawn are kept.

    Args:
        run: Run folder, or one of its checkpoints.
        shards: The shard folder.
        out: Where the pictures go.
        console: Shows the progress.
        raw_weights: Take the generator itself and not its average.
        limit: Draw only so many pairs, the first by name.
        batch: Pairs drawn at a time.
        device_name: Where to compute.
        disk: Calls to the operating system; the real ones by default.

    Raises:
        UsageError: No run, no test pairs, or images of another size.
        DamagedError: No whole checkpoint, or a shard is damaged.
    """
    checkpoint, content = load_run(run, console)
    settings = read_settings(checkpoint.parent)
    manifest = require_shards(settings, shards)
    device = set_up_device(device_name)
    weights = "generator" if raw_weights else "average"
    generator = put_on(device, Generator(settings.generator))
    generator.load_state_dict(content[weights])
    store = load_store(shards, shards_of(manifest, "test", shards))
    names = [panel_name(*store.pair_names(pair)) for pair in range(store.num_pairs)]
    wanted = sorted(range(store.num_pairs), key=names.__getitem__)[:limit]
    origin = {
        "checkpoint": checkpoint.name,
        "sha256": sha256_of_file(checkpoint),
        "weights": weights,
        "shards": [shard.sha256 for shard in manifest.of_split("test")],
    }
    console.say(f"drawing with {checkpoint.name}, {weights} weights")
    with folder_lock(out):
        panels = _claim(out, origin, disk)
        _write_keypoints(out / KEYPOINTS_NAME, store, wanted, disk)
        missing = [pair for pair in wanted if not (panels / names[pair]).exists()]
        with console.stage("generate", len(wanted)) as stage:
            stage.skip(len(wanted) - len(missing))
            painter = _Painter(generator, store, settings.data.sigma, device)
            for start in range(0, len(missing), batch):
                pairs = missing[start : start + batch]
                rows = painter.rows(pairs)
                _publish_rows(panels, [names[pair] for pair in pairs], rows, stage, disk)
    return Generated(
        panels=panels,
        keypoints=out / KEYPOINTS_NAME,
        image_size=manifest.image_size,
        num_pairs=len(wanted),
    )


def panel_name(source: str, target: str) -> str:
    """Give the file name of a pair's picture, Def-GAN's form."""
    return f"{source}_{target}.png"


class _Painter:
    """Draws pairs as rows of source, target and generated image."""

    def __init__(
        self, generator: Generator, store: Store, sigma: float, device: torch.device
    ) -> None:
        self._generator = generator
        self._store = store
        self._sigma = sigma
        self._device = device

    def rows(self, pairs: list[int]) -> NDArray[np.uint8]:
        """Draw pairs: uint8 (b, H, 3 W, 3)."""
        samples = self._store.gather(torch.tensor(pairs)).to(self._device)
        drawn = draw_images(self._generator, make_batch(samples, None, sigma=self._sigma))
        row = torch.cat((samples.source_images, samples.target_images, drawn), dim=2)
        return row.cpu().numpy()


def _claim(out: Path, origin: dict[str, Any], disk: Disk | None) -> Path:
    """Give the folder of pictures, emptied first if they are of another origin."""
    panels, note = out / PANELS_NAME, out / ORIGIN_NAME
    panels.mkdir(parents=True, exist_ok=True)
    if not note.exists() or read_json(note) != origin:
        for picture in panels.glob("*.png"):
            picture.unlink()
        publish_json(note, origin, disk)
    return panels


def _write_keypoints(path: Path, store: Store, pairs: list[int], disk: Disk | None) -> None:
    rows = sorted({int(store.targets[pair]) for pair in pairs})
    joints = store.joints[rows].double().numpy()
    write_keypoints(path, tuple(store.names[row] for row in rows), joints, disk)


def _publish_rows(
    panels: Path, names: list[str], rows: NDArray[np.uint8], stage: Stage, disk: Disk | None
) -> None:
    for name, row in zip(names, rows, strict=True):
        buffer = io.BytesIO()
        Image.fromarray(row).save(buffer, format="PNG", compress_level=1)
        publish(panels / name, buffer.getbuffer(), disk)
        stage.advance()
