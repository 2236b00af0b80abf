"""Drawing the pictures, block by block, each block at most once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from data_manifest.arrays import ShardArrays
from data_manifest.manifest import ShardEntry
from data_manifest.shard import read_shard
from shared.console import Stage
from shared.files import Disk
from shared.geometry import Floats
from train.augment.blocks import Drawn, block_file, jpeg_of, keep_block, read_block
from train.augment.judging import Distances
from train.augment.people import People
from train.augment.plan import Block, Plan, blocks_of
from train.reid.judges import AnyJudge

Pictures = NDArray[np.uint8]


class PosePainter(Protocol):
    """What draws: :class:`train.inference.painter.Painter`."""

    def draw(
        self,
        images: Pictures,
        source_joints: Floats,
        target_joints: Floats,
        *,
        paste: bool = False,
    ) -> Pictures:
        """Draw the people of some images in other poses."""


class Drawing:
    """The drawing of a plan.

    Args:
        shards: The shard folder.
        people: Its train images.
        plan: What is to be drawn.
        painter: What draws.
        judge: What judges; None for nobody.
        paste: Put the source's background behind the person.
    """

    def __init__(
        self,
        shards: Path,
        people: People,
        plan: Plan,
        painter: PosePainter,
        judge: AnyJudge | None,
        *,
        paste: bool,
    ) -> None:
        self.blocks = tuple(blocks_of(plan, people))
        self._shards = shards
        self._people = people
        self._plan = plan
        self._painter = painter
        self._judge = judge
        self._paste = paste
        self._open: tuple[ShardEntry, ShardArrays, Distances | None] | None = None

    def draw_missing(self, kept: Path, disk: Disk | None, stage: Stage) -> NDArray[np.float64]:
        """Draw the blocks that are not kept yet.

        Args:
            kept: Folder of the blocks.
            disk: The calls to the operating system.
            stage: Counts pictures.

        Returns:
            float64 (m,), the distance of each picture of the plan, NaN where nobody judges.
        """
        distances = np.full(len(self._plan), np.nan)
        for block in self.blocks:
            path, count = kept / block_file(block.number), len(self._plan.sources[block.pictures])
            drawn = read_block(path, count)
            if drawn is None:
                drawn = self.draw(block)
                keep_block(path, drawn, disk)
                stage.advance(count)
            else:
                stage.skip(count)
            distances[block.pictures] = drawn.distances
        return distances

    def files(self, kept: Path) -> Iterator[tuple[int, bytes]]:
        """Yield the number and the file of every picture; a block that was lost is drawn again."""
        for block in self.blocks:
            numbers = range(block.pictures.start, block.pictures.stop)
            drawn = read_block(kept / block_file(block.number), len(numbers)) or self.draw(block)
            yield from zip(numbers, drawn.files, strict=True)

    def draw(self, block: Block) -> Drawn:
        """Draw and judge a block.

        Raises:
            DamagedError: The shard is not what the manifest lists.
            UsageError: A pose of the shards cannot be drawn.
        """
        arrays, near = self._opened(block)
        sources, targets = self._plan.sources[block.pictures], self._plan.targets[block.pictures]
        own, joints = sources - block.first_image, self._people.joints
        pictures = self._painter.draw(
            arrays.images[own], joints[sources], joints[targets], paste=self._paste
        )
        unknown = np.full(len(pictures), np.nan)
        distances = unknown if near is None else near.of(pictures, own)
        return Drawn(tuple(jpeg_of(picture) for picture in pictures), distances)

    def _opened(self, block: Block) -> tuple[ShardArrays, Distances | None]:
        """Read the block's shard, and let the judge look at it, where it is not the last one."""
        if self._open is None or self._open[0] != block.shard:
            self._open = None  # so that one shard is in memory at a time
            arrays = read_shard(self._shards / block.shard.file, block.shard.sha256)
            stop = block.first_image + len(arrays.images)
            identities = self._people.identities[block.first_image : stop]
            near = (
                None if self._judge is None else Distances(self._judge, arrays.images, identities)
            )
            self._open = (block.shard, arrays, near)
        return self._open[1:]
