"""Commands of stage 2: thin skins over :mod:`train.loop` and :mod:`train.scoring.evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from shared.errors import UsageError, ends_with_exit_code, problem
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


TRAIN_EXAMPLES = """\b
Examples:
  train-gan --shards shards/
  train-gan --shards shards/ --preset dsc --batch 16 --max-hours 2
"""


@click.command(
    context_settings={"show_default": True, "max_content_width": 100}, epilog=TRAIN_EXAMPLES
)
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
    """Train the Deformable GAN on shards; the same command again goes on.

    The run folder gets checkpoints, a log, sample sheets on fixed test pairs and a picture of the
    curves. Ctrl-C saves a checkpoint and stops (exit code 75). Without a network, the preset
    "full" needs VGG-19's weights by --vgg, or trains without them by --features pixels.
    """
    ends_with_exit_code(_train_gan)(**options)


def _train_gan(
    *, shards: Path, out: Path | None, dry_run: bool, quiet: bool, **options: Any
) -> None:
    from shared.console import Console  # noqa: PLC0415 - so that --help stays quick
    from train.loop import run  # noqa: PLC0415
    from train.settings.resolve import describe, resolved  # noqa: PLC0415

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


def _size(_ctx: click.Context, _param: click.Parameter, text: str) -> tuple[int, int]:
    """Read (height, width) from "128x64"."""
    height, by, width = text.lower().partition("x")
    if not (by and height.isdecimal() and width.isdecimal()):
        raise click.BadParameter(f"expected HEIGHTxWIDTH like 128x64, found {text!r}")
    return int(height), int(width)


def _names(_ctx: click.Context, _param: click.Parameter, text: str) -> tuple[str, ...]:
    """Read names between commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


EVAL_EXAMPLES = """\b
Examples:
  eval-gan --run runs/full-336a26dc --shards shards/
  eval-gan --generated results/ --real test/ --out scores/
  eval-gan --panels def-gan-results/ --keypoints market-annotation-test.csv --out scores/ \\
           --protocols ssim,mask-ssim
"""


@click.command(
    context_settings={"show_default": True, "max_content_width": 100}, epilog=EVAL_EXAMPLES
)
@click.option("--generated", type=FOLDER, metavar="DIR", help="Generated images; with --real.")
@click.option(
    "--real",
    type=FOLDER,
    metavar="DIR",
    help="Real images of equal stems; with --panels the targets, looked up by name.",
)
@click.option(
    "--panels",
    type=FOLDER,
    metavar="DIR",
    help="Pictures in a result form: Def-GAN's 3 panels, PATN's 5, GFLA's 1 (with --real).",
)
@click.option(
    "--run",
    type=ANY_PATH,
    metavar="RUN",
    help="A training run (or one of its checkpoints): draw its test pairs, then score them.",
)
@click.option("--shards", type=FOLDER, metavar="DIR", help="With --run: what prep-market made.")
@click.option("--raw-weights", is_flag=True, help="With --run: not the averaged weights.")
@click.option(
    "--out",
    type=FOLDER,
    metavar="DIR",
    help="Where the scores go.  [default with --run: RUN/scores]",
    show_default=False,
)
@click.option(
    "--image-size", default="128x64", callback=_size, metavar="HxW", help="Size of a panel."
)
@click.option(
    "--layout",
    default="",
    callback=_names,
    metavar="ROLES",
    help="Roles of the panels from left to right, between commas: source, source-pose, target, "
    "target-pose, generated, other.  [default: by the number of panels]",
    show_default=False,
)
@click.option("--source", type=FOLDER, metavar="DIR", help="Source images, for the control.")
@click.option("--keypoints", type=FILE, metavar="FILE.csv", help="Target poses, for masks.")
@click.option(
    "--generated-poses",
    type=FILE,
    metavar="FILE.csv",
    help="What extract-poses found in the generated images, for PCKh; its file of scores beside "
    "it gives the detection score.",
)
@click.option(
    "--real-poses",
    type=FILE,
    metavar="FILE.csv",
    help="The same of the real images.  [default: --keypoints]",
)
@click.option(
    "--weights-dir", type=FOLDER, metavar="DIR", help="Weight files, for IS, FID and LPIPS."
)
@click.option(
    "--fid-real",
    type=FOLDER,
    metavar="DIR",
    help="What FID compares with, such as all training images.  [default: the real images]",
)
@click.option(
    "--protocols",
    default="",
    callback=_names,
    metavar="NAMES",
    help="Scores to give, between commas: a metric (ssim) or one protocol (ssim/pose-gan).  "
    "[default: all that the input allows]",
    show_default=False,
)
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Score the first N pairs by name."
)
@click.option("--allow-missing", is_flag=True, help="Leave out what has no partner or no pose.")
@click.option("--force", is_flag=True, help="Give FID for fewer than 2,048 images.")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    help="Where to compute.",
)
@config_option()
@click.option("--quiet", is_flag=True, help="Say nothing but warnings and results.")
def eval_gan(**options: Any) -> None:
    r"""Score generated pictures, each number by a named protocol, beside controls.

    Writes metrics.json, table.csv, table.md, table.tex and pairs.csv (one row a pair). Every
    table shows the same scores for the real images themselves, the sources copied, the mean image
    and a black image. Exit code 2 and one line where the input cannot be scored.
    """
    ends_with_exit_code(_eval_gan)(**options)


def _eval_gan(*, quiet: bool, config: Path | None, **options: Any) -> None:
    del config  # its values came in as the options' defaults
    from shared.console import Console  # noqa: PLC0415 - so that --help stays quick
    from train.scoring.evaluate import EvalSettings, score  # noqa: PLC0415
    from train.scoring.tables import show_lead  # noqa: PLC0415

    console = Console(quiet=quiet)
    of_run = options["run"] is not None
    report = score(EvalSettings(**_with_run(options, console)), console)
    if of_run:
        show_lead(report, console)


def _with_run(options: dict[str, Any], console: Any) -> dict[str, Any]:
    """Draw a run's test pairs where one is named; give the evaluator's own options."""
    run, shards, raw = (options.pop(name) for name in ("run", "shards", "raw_weights"))
    where = "eval-gan"
    if run is None:
        if options["out"] is None:
            raise UsageError(problem(where, "--out", "none", "add --out DIR"))
        return options
    if shards is None:
        raise UsageError(problem(where, "--shards beside --run", "none", "add --shards DIR"))
    if options["generated"] or options["panels"]:
        found = "--generated or --panels as well"
        raise UsageError(problem(where, "--run alone", found, "leave one out"))
    from train.inference.generate import generate_pairs  # noqa: PLC0415 - so that --help stays quick

    out = options["out"] or (run.parent if run.is_file() else run) / "scores"
    made = generate_pairs(
        run,
        shards,
        out,
        console=console,
        raw_weights=raw,
        limit=options["limit"],
        device_name=options["device"],
    )
    drawn = {"panels": made.panels, "keypoints": made.keypoints, "image_size": made.image_size}
    return {**options, **drawn, "out": out}
