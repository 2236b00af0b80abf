"""Everything that a run needs, found before it writes anything: a run's start and a dry run's."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from data_manifest.manifest import Manifest, ShardEntry
from data_manifest.remote.folder import ShardFolder
from shared.console import Console
from shared.files import Disk, require_space
from shared.owned_folder import OwnedFolder
from train.checkpoint import Checkpoints, load_run
from train.data.store import shards_of
from train.data.train_split import TrainSplit
from train.losses.objective import FindWeights, Objective, make_objective
from train.losses.vgg import find_vgg
from train.resume import Standing, take_up
from train.roll_back import RollBack
from train.run_folder import require_shards
from train.settings.tree import TrainSettings
from train.state import TrainState
from train.trainer import Clock, Parts
from train.watch.logbook import Logbook, open_tensorboard, require_tensorboard
from train.watch.recorder import Recorder
from train.watch.validation import Validation, load_validation_pairs
from train.world import World, kept_by_first, share_of_batch


@dataclass(frozen=True, kw_only=True)
class Seams:
    """What a run is handed from outside."""

    world: World
    console: Console
    disk: Disk | None = None
    clock: Clock = time.monotonic


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a run cannot do without.

    Attributes:
        shards: The shard folder.
        manifest: Its manifest.
        train_shards: The train shards, all of them there.
        objective: The losses, with their weights.
    """

    shards: ShardFolder
    manifest: Manifest
    train_shards: tuple[ShardEntry, ...]
    objective: Objective


def find_needs(
    settings: TrainSettings,
    shards: ShardFolder,
    seams: Seams,
    *,
    find_weights: FindWeights = find_vgg,
) -> Needs:
    """Find shards and weights, or refuse the run.

    Args:
        settings: The resolved settings.
        shards: The shard folder.
        seams: What the run is handed.
        find_weights: Finds the weights of the losses' network.

    Raises:
        UsageError: A batch that cannot be shared out, other shards, or no weights.
        DamagedError: A shard is not there, or weights are not what their name says.
    """
    share_of_batch(seams.world, settings.data.batch)
    if settings.run.tensorboard:
        require_tensorboard()
    manifest = require_shards(settings, shards)
    train_shards = shards_of(manifest, "train", shards)
    if manifest.num_pairs("test"):
        shards_of(manifest, "test", shards)
    return Needs(
        shards=shards,
        manifest=manifest,
        train_shards=train_shards,
        objective=make_objective(
            settings.loss,
            settings.run.vgg,
            seams.world.device,
            _found_once(find_weights, seams.world),
        ),
    )


def _found_once(find_weights: FindWeights, world: World) -> FindWeights:
    """Let the first process find weights, and download them, before the others look for them."""
    if world.size == 1:
        return find_weights

    def find(given: Path | None) -> Path | None:
        found = world.by_first(lambda: find_weights(given))
        return found if world.is_first else find_weights(given)

    return find


@dataclass(frozen=True, kw_only=True)
class Stand:
    """Where a run begins, and the ways that lead back there."""

    standing: Standing
    checkpoints: Checkpoints
    roll_back: RollBack


def stand(
    settings: TrainSettings,
    needs: Needs,
    owned: OwnedFolder,
    seams: Seams,
    *,
    window_shards: int = 0,
) -> Stand:
    """Build the networks and take up the newest checkpoint, or refuse the run.

    Raises:
        UsageError: The weights to begin with are of another form.
        DamagedError: There are checkpoints, but not one of them is whole.
        NoSpaceError: The next checkpoint would not fit on the disk.
    """
    world, console = seams.world, seams.console
    checkpoints = Checkpoints(
        owned.path, keep=settings.run.keep, console=console, disk=seams.disk, owned=owned
    )

    def fresh_state() -> TrainState:
        state = TrainState(settings, world.device)
        state.window_shards = settings.run.window_shards or window_shards
        if settings.init_from:
            state.warm_start(load_run(Path(settings.init_from), console)[1])
        return state

    standing = take_up(fresh_state, checkpoints, world)
    if standing.state.images < settings.run.max_images:
        world.by_first(lambda: require_space(owned.path, standing.state.num_bytes, seams.disk))
    roll_back = RollBack(owned.path, checkpoints, fresh_state, world=world, disk=seams.disk)
    return Stand(standing=standing, checkpoints=checkpoints, roll_back=roll_back)


def set_up(
    settings: TrainSettings, shards: ShardFolder, owned: OwnedFolder, seams: Seams
) -> tuple[Standing, Parts]:
    """Open the data, build the networks, and take up the newest checkpoint; write nothing.

    Args:
        settings: The resolved settings.
        shards: The shard folder.
        owned: The run folder.
        seams: What the run is handed.
    """
    run_settings, world, console = settings.run, seams.world, seams.console
    needs = find_needs(settings, shards, seams)
    train_split = TrainSplit(
        shards,
        needs.train_shards,
        path=None if run_settings.data == "auto" else run_settings.data,
        image_size=needs.manifest.image_size,
        device=world.device,
        num_here=world.num_here,
    )
    recorder = kept_by_first(world, lambda: _open_recorder(settings, needs, owned, seams))
    begin = stand(settings, needs, owned, seams, window_shards=train_split.window_shards)
    standing = begin.standing
    if standing.checkpoint is not None:
        images = standing.state.images
        console.say(f"going on from {standing.checkpoint.name}: {images:,} images seen")
    parts = Parts(
        objective=needs.objective,
        train_split=train_split,
        checkpoints=begin.checkpoints,
        roll_back=begin.roll_back,
        recorder=recorder,
        console=console,
        clock=seams.clock,
        world=world,
    )
    return standing, parts


def _open_recorder(
    settings: TrainSettings, needs: Needs, owned: OwnedFolder, seams: Seams
) -> Recorder:
    """Load the fixed pairs and open the log; the first process alone does."""
    run_settings, warn = settings.run, seams.console.warn
    validation = Validation(
        load_validation_pairs(needs.shards, needs.manifest, run_settings.score_pairs, warn),
        sheet_pairs=run_settings.sheet_pairs,
        sigma=settings.data.sigma,
        poses=settings.generator.drawn_poses,
        batch=max(settings.data.batch, 16),
        device=seams.world.device,
    )
    events = partial(open_tensorboard, owned.path) if run_settings.tensorboard else None
    logbook = Logbook(owned.path, open_events=events, disk=seams.disk)
    return Recorder(owned, validation, logbook, console=seams.console)
