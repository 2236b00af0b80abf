"""Commands of stage 1: a thin skin over one function each; nothing heavy is imported for help."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared.errors import UsageError, ends_with_exit_code
from shared.settings import read_toml, refuse_unknown_keys

if TYPE_CHECKING:
    from preprocess.config import PoseSettings, PrepareSettings

Command = Callable[..., None]

FILE = click.Path(path_type=Path)
WIDE = {"max_content_width": 100}
PREPARE_EXAMPLES = """\b
Examples:
  prep-market --src Market-1501 --out shards
  prep-market --src Market-1501 --out shards --keypoints market-annotation-train.csv \\
              --keypoints market-annotation-test.csv
"""


def _read_config(context: click.Context, _: click.Parameter, path: Path | None) -> Path | None:
    """Take defaults from a TOML file; a key that is no option of the command is refused."""
    if path is not None:
        try:
            values = read_toml(path)
            known = {param.name for param in context.command.params if param.name} - {"config"}
            refuse_unknown_keys(values, known, path)
        except UsageError as error:
            raise click.UsageError(error.message) from error
        context.default_map = {**(context.default_map or {}), **values}
    return path


config_option = click.option(
    "--config",
    type=FILE,
    is_eager=True,
    expose_value=False,
    callback=_read_config,
    metavar="FILE.toml",
    help='Take options from a TOML file (image-size = "128x64"); the command line wins.',
)


_POSE_OPTIONS = (
    click.option(
        "--pose-model",
        default="auto",
        show_default=True,
        metavar="NAME|FILE",
        help="auto (yolo26n-pose on a CPU, yolo26x-pose on a GPU), another ultralytics pose model "
        "by name (downloaded once where there is a network), a local .pt file, or demo (knows "
        "drawn people only).",
    ),
    click.option(
        "--pose-size",
        default="256x128",
        show_default=True,
        metavar="HxW",
        help="What images are resized to for the pose model, multiples of 32.",
    ),
    click.option(
        "--device",
        type=click.Choice(["auto", "cpu", "cuda"]),
        default="auto",
        show_default=True,
        help="Where the pose model runs; auto is a GPU where there is one.",
    ),
    click.option(
        "--half/--no-half", default=True, show_default=True, help="Half precision on a GPU."
    ),
    click.option(
        "--pose-batch",
        type=click.IntRange(1, 65536),
        default=128,
        show_default=True,
        metavar="N",
        help="Images a forward pass; halved by itself when memory runs out.",
    ),
    click.option(
        "--person-threshold",
        type=click.FloatRange(0, 1),
        default=0.25,
        show_default=True,
        metavar="P",
        help="Least confidence of a person.",
    ),
    click.option(
        "--joint-threshold",
        type=click.FloatRange(0, 1),
        default=0.5,
        show_default=True,
        metavar="P",
        help="Least confidence of a joint that counts as present.",
    ),
)


def pose_options(command: Command) -> Command:
    """Give a command the options of the pose model, as ``preprocess.config.PoseSettings`` has."""
    return functools.reduce(lambda wrapped, option: option(wrapped), _POSE_OPTIONS[::-1], command)


@click.command(context_settings=WIDE, epilog=PREPARE_EXAMPLES)
@click.option(
    "--src",
    type=FILE,
    required=True,
    metavar="FOLDER",
    help="Data set: bounding_box_train or bounding_box_test here or up to 3 levels below "
    "(also named train, test). Never written to.",
)
@click.option(
    "--out",
    type=FILE,
    required=True,
    metavar="FOLDER",
    help="Where the shards go; the same command continues what a killed one began.",
)
@click.option(
    "--keypoints",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="Published key points (name:keypoints_y:keypoints_x) in place of a pose model; "
    "repeatable. Their rows give the order of the images and so of the pairs.",
)
@click.option(
    "--train-pairs",
    type=FILE,
    metavar="FILE",
    help="Use this list (CSV: from,to) for training instead of all ordered pairs.",
)
@click.option(
    "--test-pairs",
    type=FILE,
    metavar="FILE",
    help="Use this list for testing instead of drawing one.",
)
@click.option(
    "--num-test-pairs",
    type=click.IntRange(min=0),
    default=12_000,
    show_default=True,
    metavar="N",
    help="Length of the test list, drawn by the field's published rule.",
)
@click.option(
    "--max-pairs-per-identity",
    type=click.IntRange(min=1),
    metavar="N",
    help="Bound on the train pairs of one identity, for large data sets.  [default: all]",
)
@click.option(
    "--image-size",
    default="128x64",
    show_default=True,
    metavar="HxW",
    help="Height and width of the images in the shards, multiples of 8 up to 4096; "
    "others are resized and key points scaled along.",
)
@click.option(
    "--any-size",
    is_flag=True,
    help="Accept source images of any size; else those unlike the most common size are bad.",
)
@click.option(
    "--shard-size",
    default="48MB",
    show_default=True,
    metavar="SIZE",
    help="Size of a shard, 100KB to 2GB; an identity is never divided.",
)
@pose_options
@click.option(
    "--workers",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Processes or threads; they change the time, not the result.  [default: the cores, at "
    "most 8]",
)
@click.option(
    "--backend",
    type=click.Choice(["loky", "threading"]),
    default="loky",
    show_default=True,
    help="Kind of joblib worker: processes or threads.",
)
@click.option(
    "--max-bad",
    type=click.FloatRange(0, 1),
    default=0.005,
    show_default=True,
    metavar="SHARE",
    help="Exit with 1 when a larger share of the images is bad.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.option(
    "--overwrite", is_flag=True, help="Make the folder anew where it holds data of other settings."
)
@config_option
@ends_with_exit_code
def prep_market(**options: Any) -> None:
    """Turn a Market-1501 folder into verified shards of images, poses, pairs and transforms.

    Killed at any moment, the same command continues; a finished folder is verified only. Every
    source file and what became of it is listed in images.csv. Exit codes: 0 done, 1 too many bad
    images, 2 wrong use or data, 4 another run has the folder, 5 no space, 6 damaged data.
    """
    from preprocess.output import claimed  # noqa: PLC0415
    from shared.console import Console  # noqa: PLC0415

    settings = _prepare_settings(options)
    hold = not settings.run.dry_run
    with claimed(settings.src, settings.out, hold=hold) as source:
        from preprocess.pipeline import run  # noqa: PLC0415 - slow, and the lock comes first

        run(settings, source, Console())


def _prepare_settings(options: dict[str, Any]) -> PrepareSettings:
    """Sort the options of ``prep-market`` into its settings."""
    from preprocess import config  # noqa: PLC0415

    given = dict(options)
    given["image_size"] = config.parse_size(given["image_size"], "--image-size")
    given["shard_bytes"] = config.parse_bytes(given.pop("shard_size"), "--shard-size")
    given["workers"] = given["workers"] or min(8, os.cpu_count() or 1)
    return config.PrepareSettings(
        pose=_pose_settings(given),
        shards=config.ShardSettings(**_taken(given, config.ShardSettings)),
        run=config.RunSettings(**_taken(given, config.RunSettings)),
        **{**given, "keypoints": tuple(given["keypoints"])},
    )


def _pose_settings(given: dict[str, Any]) -> PoseSettings:
    """Take the options of the pose model out of those that are given."""
    from preprocess import config  # noqa: PLC0415

    given["pose_size"] = config.parse_size(given["pose_size"], "--pose-size")
    given["batch"] = given.pop("pose_batch")
    return config.PoseSettings(**_taken(given, config.PoseSettings))


def _taken(given: dict[str, Any], settings_class: type[Any]) -> dict[str, Any]:
    return {field.name: given.pop(field.name) for field in dataclasses.fields(settings_class)}


@click.command(context_settings={"max_content_width": 100})
@click.option(
    "--out",
    type=FILE,
    required=True,
    metavar="FOLDER",
    help="Root of the data set; the same command continues what a killed one began.",
)
@click.option(
    "--identities",
    type=click.IntRange(4, 9998),
    default=40,
    show_default=True,
    metavar="N",
    help="Number of people, half of them for training.",
)
@click.option(
    "--images-per-identity",
    type=click.IntRange(2, 999),
    default=12,
    show_default=True,
    metavar="N",
    help="Pictures of each, over the cameras that see the person.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    metavar="N",
    help="Of everything: the same seed draws the same bytes.",
)
@click.option(
    "--poses",
    type=FILE,
    metavar="FILE.csv",
    help="Take names and joints of the training pictures from a published annotation.",
)
@click.option(
    "--test-poses",
    type=FILE,
    metavar="FILE.csv",
    help="The same for the test pictures.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Processes; they change the time, not the bytes.  [default: the cores, at most 8]",
)
@click.option("--dry-run", is_flag=True, help="Say what would be drawn; write nothing.")
@click.option(
    "--overwrite", is_flag=True, help="Draw anew where the folder holds other settings' pictures."
)
@config_option
@ends_with_exit_code
def draw_market(
    out: Path, workers: int | None, dry_run: bool, overwrite: bool, **options: Any
) -> None:
    r"""Draw a data set of people that do not exist, laid out and named like Market-1501.

    Beside the pictures stand the true key points in the published form, with joints left out as a
    detector leaves them out, and the whole truth with every joint's visibility. Exit codes: 0
    done, 2 wrong use, 4 another run has the folder, 5 no space.

    \b
    Examples:
      draw-market --out drawn
      draw-market --out stand-in --poses market-annotation-train.csv --workers 4
    """
    from preprocess.demo_market import DrawSettings  # noqa: PLC0415
    from preprocess.demo_market import draw_market as draw  # noqa: PLC0415
    from shared.console import Console  # noqa: PLC0415

    draw(
        DrawSettings(**options),
        out,
        Console(),
        workers=workers or min(8, os.cpu_count() or 1),
        overwrite=overwrite,
        dry_run=dry_run,
    )


EXTRACT_EXAMPLES = """\b
Examples:
  extract-poses --src photos --out poses.csv
  extract-poses --src photos --out poses.csv --pose-model yolo26m-pose --pose-size 640x448
"""


@click.command(context_settings=WIDE, epilog=EXTRACT_EXAMPLES)
@click.option("--src", type=FILE, required=True, metavar="FOLDER", help="Images, with subfolders.")
@click.option("--out", type=FILE, required=True, metavar="FILE.csv", help="The key points.")
@pose_options
@click.option(
    "--workers",
    type=click.IntRange(1, 1024),
    default=2,
    show_default=True,
    metavar="N",
    help="Threads that decode images.",
)
@click.option(
    "--max-bad",
    type=click.FloatRange(0, 1),
    default=0.005,
    show_default=True,
    metavar="SHARE",
    help="Exit with 1 when a larger share of the images is unusable.",
)
@config_option
@ends_with_exit_code
def extract_poses(src: Path, out: Path, workers: int, max_bad: float, **pose: Any) -> None:
    """Find the person in every image of a folder and write key points in the published form.

    Beside FILE.csv come FILE-sizes.csv and FILE-scores.csv. Unless --pose-size is given, it
    follows the images' size. Killed at any moment, the same command continues. Exit codes: 0
    done, 1 too many unusable images, 2 wrong use or data, 4 another run, 5 no space.
    """
    from preprocess.extract import ExtractSettings  # noqa: PLC0415
    from preprocess.extract import extract_poses as extract  # noqa: PLC0415
    from shared.console import Console  # noqa: PLC0415

    source = click.get_current_context().get_parameter_source("pose_size")
    settings = ExtractSettings(
        src=src,
        out=out,
        pose=_pose_settings(pose),
        fit_size=source == click.core.ParameterSource.DEFAULT,
        workers=workers,
        max_bad=max_bad,
    )
    extract(settings, Console())
