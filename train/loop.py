"""The run: shards become a generator. :func:`run` is the table of contents of stage 2."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path

import torch

from shared.console import Console
from shared.errors import UsageError, problem
from shared.files import Disk, folder_lock
from train.checkpoint import Checkpoints, load_run
from train.data.store import shards_of
from train.data.train_split import Supply
from train.losses.objective import make_objective
from train.run_folder import claim_folder, require_shards
from train.settings.tree import RunSettings, TrainSettings
from train.state import TrainState
from train.stopping import StopRequest
from train.trainer import Clock, Parts, Training
from train.watch.logbook import Logbook, open_tensorboard
from train.watch.validation import Trial, load_trial_pairs


def run(
    settings: TrainSettings,
    shards: Path,
    out: Path,
    *,
    console: Console,
    disk: Disk | None = None,
    clock: Clock = time.monotonic,
) -> Path:
    """Train until the run's images or hours are used up; the same call again goes on.

    Args:
        settings: The resolved settings.
        shards: The shard folder.
        out: The run folder.
        console: What the user sees.
        disk: Calls to the operating system; the real ones by default.
        clock: Monotonic time in seconds.

    Returns:
        The newest checkpoint.

    Raises:
        StoppedError: A signal asked to stop; a checkpoint has been saved.
        DivergedError: Losses stayed non-finite after going back to a checkpoint.
        LockedError: Another process trains in this folder.
    """
    device = choose_device(settings.run)
    with folder_lock(out), StopRequest() as stop:
        claim_folder(out, settings, disk)
        training = _set_up(settings, shards, out, device, console=console, disk=disk, clock=clock)
        with closing(training), console.stage("train", settings.run.max_images) as stage:
            stage.skip(min(training.state.images, settings.run.max_images))
            while not training.is_done:
                training.step()
                training.report_if_due(stage)
                training.show_if_due()
                training.save_if_due()
                if stop.signal_name is not None:
                    training.stop(stop.signal_name)
            return training.finish(stage)


def choose_device(run_settings: RunSettings) -> torch.device:
    """Choose the device and set torch up for it.

    Raises:
        UsageError: There is no GPU although one was asked for.
    """
    name = run_settings.device
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            problem("--device", "a CUDA device", "none", "leave it out, or give --device cpu")
        )
    use_cuda = name == "cuda" or (name == "auto" and torch.cuda.is_available())
    if run_settings.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(run_settings.deterministic)
    torch.backends.cudnn.benchmark = not run_settings.deterministic
    return torch.device("cuda" if use_cuda else "cpu")


def _set_up(
    settings: TrainSettings,
    shards: Path,
    out: Path,
    device: torch.device,
    *,
    console: Console,
    disk: Disk | None,
    clock: Clock,
) -> Training:
    """Open the data, build the networks, and take up the newest checkpoint."""
    manifest = require_shards(settings, shards)
    run_settings = settings.run
    objective = make_objective(settings.loss, run_settings.vgg, device)
    supply = Supply(
        shards,
        shards_of(manifest, "train", shards),
        path=None if run_settings.data == "auto" else run_settings.data,
        image_size=manifest.image_size,
        device=device,
    )
    trial = Trial(
        load_trial_pairs(shards, manifest, run_settings.score_pairs, console.warn),
        sheet_pairs=run_settings.sheet_pairs,
        sigma=settings.data.sigma,
        batch=max(settings.data.batch, 16),
        device=device,
    )
    checkpoints = Checkpoints(out, keep=run_settings.keep, console=console, disk=disk)

    def fresh_state() -> TrainState:
        state = TrainState(settings, device)
        state.window_shards = run_settings.window_shards or supply.window_shards
        if settings.init_from:
            state.warm_start(load_run(Path(settings.init_from), console)[1])
        return state

    state = _take_up(fresh_state(), checkpoints, console)
    events = open_tensorboard(out, state.images) if run_settings.tensorboard else None
    logbook = Logbook(out, images=state.images, events=events, disk=disk)
    parts = Parts(
        objective=objective,
        supply=supply,
        trial=trial,
        checkpoints=checkpoints,
        logbook=logbook,
        console=console,
        disk=disk,
        clock=clock,
        fresh_state=fresh_state,
    )
    return Training(settings, state, parts, out)


def _take_up(state: TrainState, checkpoints: Checkpoints, console: Console) -> TrainState:
    """Take over the newest checkpoint, where there is one."""
    found = checkpoints.load_newest()
    if found is not None:
        path, content = found
        state.restore(content)
        console.say(f"going on from {path.name}: {state.images:,} images seen")
    return state
