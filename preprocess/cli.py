"""Commands of stage 1: a thin skin over one function each; nothing heavy is imported for help."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from preprocess import options as offered
from shared.errors import UsageError, ends_with_exit_code
from shared.settings import read_toml, refuse_unknown_keys

if TYPE_CHECKING:
    from preprocess.settings import PoseSettings, PrepareSettings

Command = Callable[..., None]

FILE = click.Path(path_type=Path)
WIDE = {"max_content_width": 100}

PREPARE_EXAMPLES = """\b
Examples:
  prep-market --src Market-1501 --out shards
  prep-market --src Market-1501 --out shards --keypoints market-annotation-train.csv \\
              --keypoints market-annotation-test.csv
"""
DRAW_EXAMPLES = """\b
Examples:
  draw-market --out drawn
  draw-market --out stand-in --poses market-annotation-train.csv --workers 4
"""
EXTRACT_EXAMPLES = """\b
Examples:
  extract-poses --src photos --out poses.csv
  extract-poses --src photos --out poses.csv --pose-model yolo26m-pose --pose-size 640x448
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


def _type_of(option: offered.Option) -> Any:
    kinds: dict[str, Callable[[], Any]] = {
        "text": lambda: click.STRING,
        "file": lambda: FILE,
        "int": lambda: click.IntRange(option.low, option.high),
        "float": lambda: click.FloatRange(option.low, option.high),
        "choice": lambda: click.Choice(option.choices),
        "flag": lambda: click.BOOL,
    }
    return kinds[option.kind]()


def takes(offer: Sequence[offered.Option]) -> Callable[[Command], Command]:
    """Give a command options, and ``--config`` after them."""
    options = [
        click.option(
            option.flag,
            type=_type_of(option),
            is_flag=option.kind == "flag",
            metavar=option.metavar,
            default=option.default,
            show_default=option.default is not None and option.default is not False,
            required=option.required,
            multiple=option.multiple,
            help=option.help,
        )
        for option in offer
    ]
    config = click.option(
        "--config",
        type=FILE,
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        metavar="FILE.toml",
        help='Take options from a TOML file (image-size = "128x64"); the command line wins.',
    )
    every = [*options, config]
    return lambda command: functools.reduce(lambda inner, add: add(inner), every[::-1], command)


@click.command(context_settings=WIDE, epilog=PREPARE_EXAMPLES)
@takes(offered.PREPARE)
@ends_with_exit_code
def prep_market(**options: Any) -> None:
    """Turn a Market-1501 folder into verified shards of images, poses, pairs and transforms.

    Killed at any moment, the same command continues; a finished folder is verified only. Every
    source file and what became of it is listed in images.csv. Exit codes: 0 done, 1 too many bad
    images, 2 wrong use or data, 4 another run has the folder, 5 no space, 6 damaged data.
    """
    from preprocess.output.folder import claimed  # noqa: PLC0415
    from shared.console import Console  # noqa: PLC0415

    settings = _prepare_settings(options)
    hold = not settings.run.dry_run
    with claimed(settings.src, settings.out, hold=hold) as source:
        from preprocess.pipeline import run  # noqa: PLC0415 - slow, and the lock comes first

        run(settings, source, Console())


@click.command(context_settings=WIDE, epilog=DRAW_EXAMPLES)
@takes(offered.DRAW)
@ends_with_exit_code
def draw_market(
    out: Path, workers: int | None, dry_run: bool, overwrite: bool, **options: Any
) -> None:
    """Draw a data set of people that do not exist, laid out and named like Market-1501.

    Beside the pictures stand the true key points in the published form, with joints left out as a
    detector leaves them out, and the whole truth with every joint's visibility. Exit codes: 0
    done, 2 wrong use, 4 another run has the folder, 5 no space.
    """
    from preprocess.demo.market import DrawSettings  # noqa: PLC0415
    from preprocess.demo.market import draw_market as draw  # noqa: PLC0415
    from shared.console import Console  # noqa: PLC0415

    draw(
        DrawSettings(**options),
        out,
        Console(),
        workers=workers or _default_workers(),
        overwrite=overwrite,
        dry_run=dry_run,
    )


@click.command(context_settings=WIDE, epilog=EXTRACT_EXAMPLES)
@takes(offered.EXTRACT)
@ends_with_exit_code
def extract_poses(src: Path, out: Path, workers: int, max_bad: float, **pose: Any) -> None:
    """Find the person in every image of a folder and write key points in the published form.

    Beside FILE.csv come FILE-sizes.csv and FILE-scores.csv. Unless --pose-size is given, it
    follows the images' size. Killed at any moment, the same command continues. Exit codes: 0
    done, 1 too many unusable images, 2 wrong use or data, 4 another run, 5 no space.
    """
    from preprocess.pose.extraction import ExtractSettings  # noqa: PLC0415
    from preprocess.pose.extraction import extract_poses as extract  # noqa: PLC0415
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


def _prepare_settings(options: dict[str, Any]) -> PrepareSettings:
    """Sort the options of ``prep-market`` into its settings."""
    from preprocess import settings as config  # noqa: PLC0415

    given = dict(options)
    given["image_size"] = config.parse_size(given["image_size"], "--image-size")
    given["shard_bytes"] = config.parse_bytes(given.pop("shard_size"), "--shard-size")
    given["workers"] = given["workers"] or _default_workers()
    return config.PrepareSettings(
        pose=_pose_settings(given),
        shards=config.ShardSettings(**_taken(given, config.ShardSettings)),
        run=config.RunSettings(**_taken(given, config.RunSettings)),
        **{**given, "keypoints": tuple(given["keypoints"])},
    )


def _pose_settings(given: dict[str, Any]) -> PoseSettings:
    """Take the options of the pose model out of those that are given."""
    from preprocess import settings as config  # noqa: PLC0415

    given["pose_size"] = config.parse_size(given["pose_size"], "--pose-size")
    given["batch"] = given.pop("pose_batch")
    return config.PoseSettings(**_taken(given, config.PoseSettings))


def _taken(given: dict[str, Any], settings_class: type[Any]) -> dict[str, Any]:
    return {field.name: given.pop(field.name) for field in dataclasses.fields(settings_class)}


def _default_workers() -> int:
    return min(8, os.cpu_count() or 1)
