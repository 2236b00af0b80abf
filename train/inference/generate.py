"""What a trained generator makes of the test pairs, as pictures in the field's result form.

Convention:
    A picture is named ``FROM.jpg_TO.jpg.png`` and shows source, target and generated image side
    by side, as Def-GAN's published results do. Beside the folder of pictures lie the targets' key
    points in the published form. Both are what ``eval-gan --panels --keypoints`` takes. What is
    drawn otherwise lies in folders of its own, by its row in the tables, under the same names.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from data_manifest.published_files import write_keypoints
from data_manifest.remote.folder import ShardFolder
from shared.console import Console, Stage
from shared.device import DeviceName
from shared.files import Disk
from shared.pair_geometry import PairGeometry
from train.data.store import Store, load_store, shards_of
from train.inference.painter import Painter, Pictures, open_painter
from train.run_folder import open_shards_of_size
from train.scoring.folder import KEYPOINTS, PANELS, ScoresFolder, open_scores
from train.scoring.rows import ON_TARGET, PASTED


@dataclass(frozen=True, kw_only=True)
class Generated:
    """Where the generated pictures are.

    Attributes:
        panels: Folder of the pictures.
        keypoints: Key points of the targets.
        image_size: (height, width) of one panel.
        num_pairs: Number of pictures.
        rows: Folders of further pictures of the same pairs, by their row in the tables.
    """

    panels: Path
    keypoints: Path
    image_size: tuple[int, int]
    num_pairs: int
    rows: Mapping[str, Path]

    @property
    def row_options(self) -> dict[str, Path]:
        """The rows as options of the evaluator."""
        return {row.replace("-", "_"): folder for row, folder in self.rows.items()}


def generate_pairs(
    run: Path,
    shards: ShardFolder,
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
        run: What :func:`train.inference.painter.open_painter` opens.
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
    painter = open_painter(
        run, device=device_name, raw_weights=raw_weights, batch=batch, console=console
    )
    manifest = open_shards_of_size(shards, painter.image_size)
    store = load_store(shards, shards_of(manifest, "test", shards))
    rows = (PASTED, *((ON_TARGET,) if painter.sees_background else ()))
    names = [panel_name(*store.pair_names(pair)) for pair in range(store.num_pairs)]
    wanted = sorted(range(store.num_pairs), key=names.__getitem__)[:limit]
    origin = {**painter.origin, "shards": [s.sha256 for s in manifest.of_split("test")]}
    with open_scores(out, disk) as folder:
        console.say(f"drawing with {origin['checkpoint']}, {origin['weights']} weights")
        panels = folder.claim_panels(origin, [names[pair] for pair in wanted], rows)
        _write_keypoints(out / KEYPOINTS, store, wanted, disk)
        places = [panels, *(out / row for row in rows)]
        missing = [
            pair for pair in wanted if not all((place / names[pair]).exists() for place in places)
        ]
        with console.stage("generate", len(wanted)) as stage:
            stage.skip(len(wanted) - len(missing))
            for start in range(0, len(missing), batch):
                pairs = missing[start : start + batch]
                drawn = _draw_pairs(painter, store, pairs)
                _publish_pairs(folder, [names[pair] for pair in pairs], drawn, stage)
    return Generated(
        panels=panels,
        keypoints=out / KEYPOINTS,
        image_size=manifest.image_size,
        num_pairs=len(wanted),
        rows={row: out / row for row in rows},
    )


def panel_name(source: str, target: str) -> str:
    """Compose the file name of a pair's picture, Def-GAN's form."""
    return f"{source}_{target}.png"


def _draw_pairs(painter: Painter, store: Store, pairs: list[int]) -> dict[str, Pictures]:
    """Draw pairs: rows of source, target and generated image, and what else is scored, by folder.

    Each is uint8 (b, H, W, 3), the first one three times as wide.
    """
    samples = store.gather(torch.tensor(pairs))
    found = {k: v.numpy() for k, v in samples.tensors().items()}
    geometry = PairGeometry(
        transforms=found["transforms"],
        status=found["status"],
        target_quads=found["target_quads"],
    )
    plain, pasted = painter.draw_both(
        found["source_images"], found["source_joints"], found["target_joints"], geometry=geometry
    )
    panels = np.concatenate((found["source_images"], found["target_images"], plain), axis=2)
    drawn = {PANELS: panels, PASTED: pasted}
    if painter.sees_background:
        drawn[ON_TARGET] = painter.draw_on_targets(samples)
    return drawn


def _write_keypoints(path: Path, store: Store, pairs: list[int], disk: Disk | None) -> None:
    rows = sorted({int(store.targets[pair]) for pair in pairs})
    joints = store.joints[rows].double().numpy()
    write_keypoints(path, tuple(store.names[row] for row in rows), joints, disk)


def _publish_pairs(
    folder: ScoresFolder, names: list[str], drawn: Mapping[str, Pictures], stage: Stage
) -> None:
    """Publish each pair's pictures; its panels come last, so that a pair that has them has all."""
    for number, name in enumerate(names):
        for place in sorted(drawn, key=PANELS.__eq__):
            buffer = io.BytesIO()
            Image.fromarray(drawn[place][number]).save(buffer, format="PNG", compress_level=1)
            folder.publish(f"{place}/{name}", buffer.getbuffer())
        stage.advance()
