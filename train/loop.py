"""The run: shards become a generator. :func:`run` is the table of contents of stage 2."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from pathlib import Path

from data_manifest.remote.folder import ShardFolder
from shared.console import Console
from shared.files import Disk
from shared.owned_folder import OwnedFolder
from shared.stopping import StopRequest
from train.device import set_up_device
from train.losses.vgg import promised_vgg
from train.run_folder import COMMAND, begin_run, run_folder
from train.set_up import Seams, find_needs, set_up, stand
from train.settings.tree import TrainSettings
from train.trainer import Clock, Training
from train.world import OneProcess, World, kept_by_first


def run(
    settings: TrainSettings,
    shards: ShardFolder,
    out: Path,
    *,
    console: Console,
    disk: Disk | None = None,
    clock: Clock = time.monotonic,
    world: World | None = None,
    stop: StopRequest | None = None,
) -> Path:
    """Train until the run's images or hours are used up; the same call again goes on.

    Args:
        settings: The resolved settings.
        shards: The shard folder.
        out: The run folder.
        console: What the user sees.
        disk: Calls to the operating system; the real ones by default.
        clock: Monotonic time in seconds.
        world: The processes that train together; by default this one alone, on the device of the
            settings.
        stop: What a caller has entered before, to note signals; by default the run enters its own.

    Returns:
        The newest checkpoint.

    Raises:
        StoppedError: A signal asked to stop; a checkpoint has been saved.
        DivergedError: Figures stayed non-finite after going back to a checkpoint.
        LockedError: Another process trains in this folder.
        NoSpaceError: The disk is full; a checkpoint was tried before.
        LostError: Another process of the run is gone.
    """
    device = set_up_device(settings.run.device, deterministic=settings.run.deterministic)
    world = world or OneProcess(device)
    console = console if world.is_first else Console(mute=True)
    with ExitStack() as held:
        stop = stop or held.enter_context(StopRequest())
        folder = run_folder(out, settings, disk)
        mine = kept_by_first(world, lambda: held.enter_context(folder))
        owned = mine or OwnedFolder(out, COMMAND, disk=disk)
        seams = Seams(world=world, console=console, disk=disk, clock=clock)
        standing, parts = set_up(settings, shards, owned, seams)
        world.by_first(lambda: begin_run(owned, settings))
        world.by_first(parts.checkpoints.sweep)
        training = held.enter_context(closing(Training(settings, standing, parts)))
        stage = held.enter_context(console.stage("train", settings.run.max_images))
        stage.skip(min(training.state.images, settings.run.max_images))
        while not training.is_done:
            training.stop_if_asked(stop)
            training.step()
            training.report_if_due(stage)
            training.show_if_due()
            training.save_if_due()
        return training.finish()


def check(
    settings: TrainSettings,
    shards: ShardFolder,
    out: Path,
    *,
    console: Console,
    disk: Disk | None = None,
    world: World | None = None,
) -> None:
    """Refuse what :func:`run` would refuse at its start, without writing, loading or downloading.

    Args:
        settings: The resolved settings.
        shards: The shard folder.
        out: The run folder.
        console: Warned as in a run.
        disk: Calls to the operating system; the real ones by default.
        world: The processes that would train together.

    Raises:
        PoseGanError: What the run would raise. Damage inside of shards is found by the run alone.
    """
    device = set_up_device(settings.run.device, deterministic=settings.run.deterministic)
    seams = Seams(world=world or OneProcess(device), console=console, disk=disk)
    with run_folder(out, settings, disk, hold=False) as owned:
        needs = find_needs(settings, shards, seams, find_weights=promised_vgg)
        stand(settings, needs, owned, seams)
