"""The command ``train-gan``: a thin skin over :func:`train.loop.run`."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_manifest.settings import CacheSettings
from shared.options import command
from shared.settings import build_given
from shared.stopping import StopRequest
from train.launch import Launch, find_launch
from train.settings.request import TrainRequest
from train.settings.tree import TrainSettings

if TYPE_CHECKING:
    from train.meeting import Meeting

EXAMPLES = (
    "train-gan --shards shards/",
    "train-gan --shards shards/ --preset dsc --batch 16 --max-hours 2",
    "train-gan --shards s3://bucket/shards --cache /scratch/shards",
    "torchrun --nproc-per-node 2 --no-python train-gan --shards shards/",
)


@command(TrainRequest, CacheSettings, TrainSettings, examples=EXAMPLES)
def train_gan(**options: Any) -> None:
    """Train the Deformable GAN on shards; the same command again goes on.

    The run folder gets checkpoints, a log, sample sheets on fixed test pairs and a picture of the
    curves. Ctrl-C saves a checkpoint and stops (exit code 75). Without a network, the preset
    "full" needs VGG-19's weights by --vgg, or trains without them by --features pixels. Under
    torchrun several processes train together, each on its part of every batch.
    """
    launch = find_launch(os.environ)
    # Before the slow imports: a signal meets a handler from here on.
    with StopRequest(launched=launch.is_launched) as stop:
        if launch.is_alone:
            _train(options, stop, launch)
            return
        from train.meeting import met  # noqa: PLC0415 - torch.distributed, which one does not need

        with met(launch) as meeting:
            _train(options, stop, launch, meeting)


def _train(
    options: dict[str, Any], stop: StopRequest, launch: Launch, meeting: Meeting | None = None
) -> None:
    request = build_given(TrainRequest, options)

    from data_manifest.remote.folder import opened  # noqa: PLC0415 - so that --help stays quick
    from shared.console import Console  # noqa: PLC0415 - likewise
    from train.planned_run import FLAGS, describe, resolved  # noqa: PLC0415 - likewise

    console = Console(quiet=request.quiet, mute=not launch.is_first)
    flags = {name: options[name] for name in FLAGS}
    cache = build_given(CacheSettings, options)
    shards = opened(request.shards, cache, leave=stop.leave_if_asked, say=console.say)
    settings = resolved(shards, preset=request.preset, config=options["config"], **flags)
    folder = request.out or Path("runs") / settings.run_name
    describe(settings, shards, folder, console, processes=launch.size)
    from train.loop import check, run  # noqa: PLC0415 - it imports torch

    stop.leave_if_asked()
    with ExitStack() as held:
        world = held.enter_context(meeting.world(settings.run, stop)) if meeting else None
        if request.dry_run:
            check(settings, shards, folder, console=console, world=world)
            return
        newest = run(settings, shards, folder, console=console, stop=stop, world=world)
    console.result(f"checkpoint: {newest}")
    console.result(f"sheets:     {folder / 'sheets'}")
    console.result(f"curves:     {folder / 'curves.png'}")
