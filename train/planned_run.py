"""A run before it begins: its settings out of a command line, and what is said about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data_manifest.manifest import open_manifest
from data_manifest.remote.folder import ShardFolder
from shared.console import Console
from shared.declarations import layer_of, leaves
from shared.settings import ConfigFile, read_config, refuse_unknown_keys
from train.run_folder import shards_fingerprint
from train.settings.presets import resolve, scaled_to
from train.settings.tree import TrainSettings

FLAGS = frozenset(one.param for _, one in leaves(TrainSettings) if one.flag)
"""Names of the options that are settings of a run."""


def resolved(
    shards: ShardFolder, *, preset: str, config: ConfigFile | Path | None = None, **flags: Any
) -> TrainSettings:
    """Build a run's settings: preset, its changes for large images, the file's tables, flags.

    Args:
        shards: The shard folder; its image size and hash enter the settings.
        preset: Name of the preset.
        config: TOML file with the tables ``generator``, ``loss`` and so on.
        flags: Options of the command by name, those of :data:`FLAGS`; None where not given.

    Returns:
        The settings.

    Raises:
        UsageError: A setting that does not exist or is not allowed, or no shard folder.
    """
    refuse_unknown_keys(flags, FLAGS, "train-gan")
    manifest = open_manifest(shards)
    file = read_config(config) if isinstance(config, Path) else config
    found = {
        "shards": shards_fingerprint(manifest),
        "generator": {"image_size": manifest.image_size},
    }
    tables = {} if file is None else file.tables
    where = "settings" if file is None else file.path
    layers = (scaled_to(manifest.image_size), tables, layer_of(TrainSettings, flags), found)
    return resolve(preset, *layers, where=where)


def describe(
    settings: TrainSettings,
    shards: ShardFolder,
    folder: Path,
    console: Console,
    *,
    processes: int = 1,
) -> None:
    """Say what a run is about to do, before it does it."""
    from train.device import find_device  # noqa: PLC0415 - it imports torch
    from train.nets.generators import make_generator  # noqa: PLC0415 - likewise
    from train.nets.kinds import make_discriminator  # noqa: PLC0415 - likewise

    manifest = open_manifest(shards)
    run = settings.run
    console.say(f"run:           {folder}")
    console.say(f"device:        {find_device(run.device)}, data path {run.data}")
    console.say(
        f"shards:        {shards}: {manifest.num_pairs('train'):,} train pairs, "
        f"{manifest.num_pairs('test'):,} test pairs, {manifest.num_bytes / 2**20:,.0f} MiB"
    )
    limit = f" or {run.max_hours:g} h" if run.max_hours else ""
    epochs = run.max_images / max(1, manifest.num_pairs("train"))
    console.say(
        f"length:        {run.max_images:,} images{limit}, {epochs:.1f} epochs, "
        f"batch {settings.data.batch}" + (f" on {processes} processes" if processes > 1 else "")
    )
    networks = (make_generator(settings.generator), make_discriminator(settings.discriminator))
    sizes = [sum(p.numel() for p in network.parameters()) / 1e6 for network in networks]
    console.say(f"parameters:    generator {sizes[0]:.2f} M, discriminator {sizes[1]:.2f} M")
    for section, values in settings.lasting.items():
        text = values
        if isinstance(values, dict):
            text = ", ".join(f"{name} {value}" for name, value in values.items())
        console.say(f"{section + ':':<14} {text}")
    if settings.loss.needs_features:
        source = "VGG-19's features" if settings.loss.features == "vgg" else "pixels, not VGG-19"
        console.say(f"feature loss:  on {source}")
