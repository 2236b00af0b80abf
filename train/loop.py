"""The run: shards become a generator. :func:`run` is the table of contents of stage 2."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from data_manifest.manifest import Manifest
from shared.console import Console
from shared.files import Disk
from shared.folder_lock import folder_lock
from train.checkpoint import Checkpoints, load_run
from train.data.store import shards_of
from train.data.train_split import TrainSplit
from train.device import set_up_device
from train.losses.objective import make_objective
from train.resume import take_up
from train.roll_back import RollBack
from train.run_folder import claim_folder, require_shards
from train.settings.tree import TrainSettings
from train.state import TrainState
from train.stopping import StopRequest
from train.trainer import Clock, Parts, Training
from train.watch.logbook import Logbook, open_tensorboard
from train.watch.recorder import Recorder
from train.watch.validation import Validation, load_validation_pairs
from train.world import OneProcess, World, kept_by_first, share_of_batch


def run(
    settings: TrainSettings,
    shards: Path,
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
    """
    device = set_up_device(settings.run.device, deterministic=settings.run.deterministic)
    world = world or OneProcess(device)
    console = console if world.is_first else Console(mute=True)
    with ExitStack() as held:
        stop = stop or held.enter_context(StopRequest())
        kept_by_first(world, lambda: held.enter_context(folder_lock(out)))
        world.by_first(lambda: claim_folder(out, settings, disk))
        seams = _Seams(world=world, console=console, disk=disk, clock=clock)
        training = held.enter_context(closing(_set_up(settings, shards, out, seams)))
        stage = held.enter_context(console.stage("train", settings.run.max_images))
        stage.skip(min(training.state.images, settings.run.max_images))
        while not training.is_done:
            training.stop_if_asked(stop)
            training.step()
            training.report_if_due(stage)
            training.show_if_due()
            training.save_if_due()
        return training.finish()


@dataclass(frozen=True, kw_only=True)
class _Seams:
    """What a run is handed from outside."""

    world: World
    console: Console
    disk: Disk | None
    clock: Clock


def _set_up(settings: TrainSettings, shards: Path, out: Path, seams: _Seams) -> Training:
    """Open the data, build the networks, and take up the newest checkpoint."""
    run_settings, world, console, disk = settings.run, seams.world, seams.console, seams.disk
    share_of_batch(world, settings.data.batch)
    manifest = require_shards(settings, shards)
    objective = make_objective(settings.loss, run_settings.vgg, world.device)
    train_split = TrainSplit(
        shards,
        shards_of(manifest, "train", shards),
        path=None if run_settings.data == "auto" else run_settings.data,
        image_size=manifest.image_size,
        device=world.device,
    )
    checkpoints = Checkpoints(out, keep=run_settings.keep, console=console, disk=disk)
    recorder = kept_by_first(world, lambda: _open_recorder(settings, manifest, shards, out, seams))

    def fresh_state() -> TrainState:
        state = TrainState(settings, world.device)
        state.window_shards = run_settings.window_shards or train_split.window_shards
        if settings.init_from:
            state.warm_start(load_run(Path(settings.init_from), console)[1])
        return state

    standing = take_up(fresh_state, checkpoints, world)
    images = standing.state.images
    if standing.checkpoint is not None:
        console.say(f"going on from {standing.checkpoint.name}: {images:,} images seen")
    parts = Parts(
        objective=objective,
        train_split=train_split,
        checkpoints=checkpoints,
        roll_back=RollBack(out, checkpoints, fresh_state, world=world, disk=disk),
        recorder=recorder,
        console=console,
        clock=seams.clock,
        world=world,
    )
    return Training(settings, standing, parts)


def _open_recorder(
    settings: TrainSettings, manifest: Manifest, shards: Path, out: Path, seams: _Seams
) -> Recorder:
    """Load the fixed pairs and open the log; the first process alone does."""
    run_settings = settings.run
    validation = Validation(
        load_validation_pairs(shards, manifest, run_settings.score_pairs, seams.console.warn),
        sheet_pairs=run_settings.sheet_pairs,
        sigma=settings.data.sigma,
        batch=max(settings.data.batch, 16),
        device=seams.world.device,
    )
    events = partial(open_tensorboard, out) if run_settings.tensorboard else None
    logbook = Logbook(out, open_events=events, disk=seams.disk)
    return Recorder(out, validation, logbook, console=seams.console, disk=seams.disk)
