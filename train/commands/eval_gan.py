"""The command ``eval-gan``: a thin skin over :func:`train.scoring.evaluate.score`."""

from __future__ import annotations

from typing import Any

from data_manifest.settings import CacheSettings
from shared.errors import UsageError, problem
from shared.options import command
from shared.settings import build_given
from train.scoring.settings import DrawnRunSettings, EvalSettings, SystemsSettings

EXAMPLES = (
    "eval-gan --run runs/full-336a26dc --shards shards/",
    "eval-gan --generated results/ --real test/ --out scores/",
    "eval-gan --panels def-gan-results/ --keypoints market-annotation-test.csv --out scores/ \\",
    "         --protocols ssim,mask-ssim",
    "eval-gan runs/full-336a26dc runs/dsc-1b0c44d2 --shards shards/ --out compared/",
)


@command(
    SystemsSettings,
    EvalSettings,
    DrawnRunSettings,
    CacheSettings,
    examples=EXAMPLES,
    optional=("--out",),
)
def eval_gan(**options: Any) -> None:
    r"""Score generated pictures, each number by a named protocol, beside controls.

    Writes metrics.json, table.csv, table.md, table.tex and pairs.csv (one row a pair). Every
    table shows the same scores for the real images themselves, the sources copied, the mean image
    and a black image. Two SYSTEMs or more, runs or folders of pictures, are put beside each other:
    one table, one sheet, paired differences from the first. Exit code 2 and one line where the
    input cannot be scored.
    """
    drawn = build_given(DrawnRunSettings, options)
    if options["systems"]:
        _compare(drawn, options)
        return
    _refuse_contradictions(drawn, options)

    from shared.console import Console  # noqa: PLC0415 - so that --help stays quick

    console = Console(quiet=drawn.quiet)
    if drawn.run is not None:
        options = {**options, **_draw(drawn, options, console)}
    settings = build_given(EvalSettings, options)

    from train.scoring.evaluate import score  # noqa: PLC0415 - it imports torch
    from train.scoring.tables import show_lead  # noqa: PLC0415 - likewise

    report = score(settings, console, cache=build_given(CacheSettings, options))
    if drawn.run is not None:
        show_lead(report, console)


def _compare(drawn: DrawnRunSettings, options: dict[str, Any]) -> None:
    named = [flag for flag in ("run", "generated", "panels", "source") if options[flag]]
    if named:
        found = f"--{named[0]} as well"
        raise UsageError(problem("eval-gan", "systems alone", found, "leave one out"))
    if options["out"] is None:
        raise UsageError(problem("eval-gan", "--out", "none", "add --out DIR"))

    from shared.console import Console  # noqa: PLC0415 - so that --help stays quick
    from train.inference.systems import systems_of  # noqa: PLC0415 - likewise
    from train.scoring.compare import compare  # noqa: PLC0415 - it imports torch

    console = Console(quiet=drawn.quiet)
    cache = build_given(CacheSettings, options)
    systems = systems_of(options["systems"], options, console)
    compare(systems, options["out"], console, cache=cache)


def _refuse_contradictions(drawn: DrawnRunSettings, options: dict[str, Any]) -> None:
    where = "eval-gan"
    if drawn.run is None:
        if options["out"] is None:
            raise UsageError(problem(where, "--out", "none", "add --out DIR"))
        return
    if drawn.shards is None:
        raise UsageError(problem(where, "--shards beside --run", "none", "add --shards DIR"))
    if options["generated"] or options["panels"]:
        found = "--generated or --panels as well"
        raise UsageError(problem(where, "--run alone", found, "leave one out"))


def _draw(drawn: DrawnRunSettings, options: dict[str, Any], console: Any) -> dict[str, Any]:
    """Draw the test pairs of a run; return what the evaluator is to be told of them."""
    from data_manifest.remote.folder import opened  # noqa: PLC0415 - so that --help stays quick
    from train.inference.generate import generate_pairs  # noqa: PLC0415 - it imports torch

    run, shards = drawn.run, drawn.shards
    assert run is not None and shards is not None
    cache = build_given(CacheSettings, options)
    out = options["out"] or (run.parent if run.is_file() else run) / "scores"
    made = generate_pairs(
        run,
        opened(shards, cache, say=console.say),
        out,
        console=console,
        raw_weights=drawn.raw_weights,
        limit=options["limit"],
        device_name=options["device"] or "auto",
    )
    return {
        "panels": made.panels,
        **made.row_options,
        "keypoints": made.keypoints,
        "image_size": made.image_size,
        "out": out,
        "gallery": options["gallery"] or shards,
    }
