"""The commands of stage 2: thin skins over :func:`train.loop.run` and :mod:`train.evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from shared.errors import UsageError, ends_with_exit_code
from shared.settings import read_toml, refuse_unknown_keys

PRESET_NAMES = ("baseline", "dsc", "perc-loss", "full", "demo")
SECTIONS = ("generator", "discriminator", "loss", "optimizer", "data", "run")

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
ANY_PATH = click.Path(path_type=Path)


def _read_config(ctx: click.Context, _param: click.Parameter, path: Path | None) -> Path | None:
    """Take a file's plain keys as defaults of the options; its tables are settings."""
    if path is not None:
        try:
            content = read_toml(path)
            plain = {key: value for key, value in content.items() if key not in SECTIONS}
            known = {str(param.name) for param in ctx.command.params} - {"config"}
            refuse_unknown_keys(plain, known | set(SECTIONS), path)
        except UsageError as error:
            raise click.UsageError(error.message) from error
        ctx.default_map = {**(ctx.default_map or {}), **plain}
    return path


def config_option() -> Callable[[Any], Any]:
    """Give the option ``--config``."""
    return click.option(
        "--config",
        type=FILE,
        metavar="FILE.toml",
        is_eager=True,
        callback=_read_config,
        help="Settings from a file: options by name, and the tables generator, discriminator, "
        "loss, optimizer, data and run. Flags win over it.",
    )


@click.command(context_settings={"show_default": True})
@click.option("--shards", type=FOLDER, required=True, metavar="DIR", help="What prep-market made.")
@click.option(
    "--out", type=FOLDER, metavar="DIR", help="Run folder.  [default: runs/PRESET-FINGERPRINT]"
)
@click.option(
    "--preset",
    type=click.Choice(PRESET_NAMES),
    default="full",
    help="Row of settings to start from.",
)
@config_option()
@click.option("--seed", type=click.IntRange(0), metavar="N", help="Seed of everything (default 0).")
@click.option(
    "--batch", type=click.IntRange(1), metavar="N", help="Samples in a batch (papers: 4)."
)
@click.option(
    "--channels",
    type=click.IntRange(1),
    metavar="N",
    help="Filters of the first level (papers: 64).",
)
@click.option(
    "--features", type=click.Choice(["vgg", "pixels"]), help="What the feature losses compare."
)
@click.option("--vgg", type=FILE, metavar="FILE", help="Weights of VGG-19, torchvision's file.")
@click.option("--init-from", type=ANY_PATH, metavar="RUN", help="Start from that run's generator.")
@click.option("--max-images", type=click.IntRange(1), metavar="N", help="Train on so many images.")
@click.option(
    "--max-hours",
    type=click.FloatRange(0),
    metavar="H",
    help="Or for so many hours in all; 0: any.",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Where to compute.")
@click.option(
    "--data", type=click.Choice(["auto", "device", "ram", "stream"]), help="Where samples lie."
)
@click.option("--deterministic", is_flag=True, default=None, help="Same bits on a GPU; slower.")
@click.option("--tensorboard", is_flag=True, default=None, help="Write TensorBoard's events too.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--quiet", is_flag=True, help="Say nothing but warnings and results.")
def train_gan(**options: Any) -> None:
    r"""Train the Deformable GAN on shards; the same command again goes on.

    The run folder gets checkpoints, a log, sample sheets on fixed test pairs and a picture of the
    curves. Ctrl-C saves a checkpoint and stops (exit code 75). Without a network, the preset
    "full" needs VGG-19's weights by --vgg, or trains without them by --features pixels.

    \b
    Examples:
      train-gan --shards shards/
      train-gan --shards shards/ --preset dsc --batch 16 --max-hours 2
    """
    ends_with_exit_code(_train_gan)(**options)


def _train_gan(
    *, shards: Path, out: Path | None, dry_run: bool, quiet: bool, **options: Any
) -> None:
    from shared.console import Console  # noqa: PLC0415 - so that --help stays quick
    from train.launch import describe, resolved  # noqa: PLC0415
    from train.loop import run  # noqa: PLC0415

    console = Console(quiet=quiet)
    settings = resolved(shards, **options)
    folder = out or Path("runs") / settings.run_name
    describe(settings, shards, folder, console)
    if dry_run:
        return
    newest = run(settings, shards, folder, console=console)
    console.result(f"checkpoint: {newest}")
    console.result(f"sheets:     {folder / 'sheets'}")
    console.result(f"curves:     {folder / 'curves.png'}")
