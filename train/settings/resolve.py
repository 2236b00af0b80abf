"""From a command line to a run's settings, and what is said before anything runs."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from data_manifest.manifest import open_manifest
from shared.console import Console
from shared.settings import read_toml
from train.device import find_device
from train.nets.discriminator import Discriminator
from train.nets.generator import Generator
from train.run_folder import shards_fingerprint
from train.settings.presets import Layer, resolve
from train.settings.tree import TrainSettings


def resolved(
    shards: Path, *, preset: str, config: Path | None = None, **flags: Any
) -> TrainSettings:
    """Build a run's settings: preset, then the file's tables, then flags.

    Args:
        shards: The shard folder; its image size and hash enter the settings.
        preset: Name of the preset.
        config: TOML file with the tables ``generator``, ``loss`` and so on.
        flags: Options of the command by name; None where not given.

    Returns:
        The settings.

    Raises:
        UsageError: A setting that does not exist or is not allowed, or no shard folder.
    """
    manifest = open_manifest(shards)
    tables: dict[str, Any] = {}
    if config is not None:
        sections = {f.name for f in fields(TrainSettings) if f.default_factory is not MISSING}
        tables = {key: value for key, value in read_toml(config).items() if key in sections}
    found = {
        "shards": shards_fingerprint(manifest),
        "generator": {"image_size": manifest.image_size},
    }
    return resolve(preset, tables, _flag_layer(flags), found, where=config or "settings")


def _flag_layer(flags: dict[str, Any]) -> Layer:
    """Sort the flags that were given into the tree of settings."""
    homes = {
        "seed": (),
        "init_from": (),
        "channels": ("generator", "discriminator"),
        "features": ("loss",),
        "batch": ("data",),
    }
    layer: dict[str, Any] = {}
    for flag, value in flags.items():
        if value is None:
            continue
        plain = str(value) if flag == "init_from" else value
        name = "base_channels" if flag == "channels" else flag
        sections = homes.get(flag, ("run",))
        for section in sections:
            layer.setdefault(section, {})[name] = plain
        if not sections:
            layer[name] = plain
    return layer


def describe(settings: TrainSettings, shards: Path, folder: Path, console: Console) -> None:
    """Say what a run is about to do, before it does it."""
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
        f"batch {settings.data.batch}"
    )
    networks = (Generator(settings.generator), Discriminator(settings.discriminator))
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
