"""The one evaluator: anybody's generated pictures get scores, each by a named protocol.

:func:`score` reads like its own description: pair, read everything once, decide which scores can
be given, measure, publish. ``train/metrics/PROTOCOLS.md`` describes the protocols and every key of
``metrics.json``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from data_manifest.settings import CacheSettings
from shared.console import Console, Stage
from shared.files import Disk
from train.device import find_device, full_precision
from train.metrics.judged import REID
from train.scoring.distances import references
from train.scoring.folder import RESULTS, ScoresFolder, open_scores
from train.scoring.identity import Bench, open_bench, put_rankings
from train.scoring.measure import Measurements, Measurer, Networks, set_features
from train.scoring.origin import files_of, origin_of
from train.scoring.pairing import Pair, Pairing, pair_folders, pair_panels, settle, with_rows
from train.scoring.pictures import list_pictures, read_picture
from train.scoring.plan import Means, Plan, make_plan
from train.scoring.poses import PoseFiles, mask_joints, open_poses, put_pose_scores
from train.scoring.reading import Survey, read_chunks, survey
from train.scoring.results import Columns, lead_tables, subject_tables
from train.scoring.rows import ROWS
from train.scoring.settings import EvalSettings
from train.scoring.tables import latex, markdown, pairs_csv, show, table_csv

__all__ = ["EvalSettings", "score"]

FORMAT: Final = 1
CHUNK_PAIRS: Final = 64
REFERENCE: Final = "reference"
DEEP_METRICS: Final = ("is", "mask-is", "fid", "lpips")


def score(
    settings: EvalSettings,
    console: Console,
    disk: Disk | None = None,
    cache: CacheSettings | None = None,
) -> dict[str, Any]:
    """Score pictures and publish ``metrics.json``, the tables and the scores of all pairs.

    The same call gives the same files; a killed one leaves no half-written file, and
    ``metrics.json`` comes last.

    Args:
        settings: What to score, and how.
        console: Told what goes on; given the table.
        disk: The calls to the operating system by which files are published.
        cache: Where the gallery's shards are kept, if they lie elsewhere.

    Returns:
        The content of ``metrics.json``.

    Raises:
        UsageError: Input that cannot be scored; one line says which.
        DamagedError: A weight file is not what its name says.
        LockedError: Another process writes into the folder.
    """
    with open_scores(settings.out, disk) as folder:
        folder.claim(RESULTS)
        pairing = pairing_of(settings)
        pairs = settle(pairing, settings.allow_missing, settings.limit)
        scored = score_pairs(settings, pairing, pairs, console, cache)
        _publish(folder, scored)
    show(scored.report, console)
    console.result(str(settings.out / "metrics.json"))
    return scored.report


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Pairs with their scores.

    Args:
        report: The content of ``metrics.json``.
        pairs: The pairs.
        columns: The metrics of pairs, to be compared with another system's.
        by_pair: The content of ``pairs.csv``.
    """

    report: dict[str, Any]
    pairs: tuple[Pair, ...]
    columns: Columns
    by_pair: str


@full_precision()
def score_pairs(
    settings: EvalSettings,
    pairing: Pairing,
    pairs: tuple[Pair, ...],
    console: Console,
    cache: CacheSettings | None = None,
) -> Scored:
    """Score pairs; nothing is written.

    Args:
        settings: What to score, and how.
        pairing: Where the pairs are from.
        pairs: Those to score, in the order of the resamples.
        console: Told what goes on.
        cache: Where the gallery's shards are kept, if they lie elsewhere.

    Raises:
        UsageError: Input that cannot be scored.
        DamagedError: A weight file is not what its name says.
    """
    with console.stage("read", len(pairs)) as stage:
        found = survey(pairs, CHUNK_PAIRS, stage)
    reference = list(list_pictures(settings.fid_real).values()) if settings.fid_real else []
    poses, bench = open_poses(settings), open_bench(settings, pairs, cache)
    poses.require_inside(pairs, found.size)
    plan = make_plan(
        settings.protocols, _means(settings, poses, bench, pairs, found=found, reference=reference)
    )
    _say_skipped(plan, settings, console)
    further = bench.networks if bench else {}
    networks = Networks(plan, settings.weights_dir, find_device(settings.device), further)
    measured = _measure(
        settings,
        plan,
        networks,
        poses,
        pairs=pairs,
        found=found,
        reference=reference,
        console=console,
    )
    put_rankings(measured, plan, bench, pairs)
    columns = Columns(len(pairs))
    columns.put_measured(measured)
    put_pose_scores(columns, plan, poses, pairs, settings.allow_missing)
    tables = subject_tables(columns, measured, plan, _reference(settings))
    weights = networks.hashes | ({REID: (bench.path.name, bench.judge.sha256)} if bench else {})
    report = {
        "format": FORMAT,
        **tables.pop("generated"),
        "rows": {row: tables.pop(row) for row in ROWS if row in tables},
        "controls": tables,
        "lead": lead_tables(columns),
        "references": references(settings, reference, plan.scores, pairs, tables.get("real", {})),
        **({"judge": bench.report} if bench else {}),
        **origin_of(settings, plan, pairing, pairs, found),
        "files": files_of(pairs, reference, found, weights, poses.files),
    }
    by_pair = pairs_csv(pairs, found.hashes, measured.values)
    return Scored(report=report, pairs=pairs, columns=columns, by_pair=by_pair)


def pairing_of(settings: EvalSettings) -> Pairing:
    """Pair the pictures that the settings name.

    Raises:
        UsageError: A folder is empty, or its pictures are of another form.
    """
    if settings.panels is not None:
        pairing = pair_panels(settings.panels, settings.image_size, settings.layout, settings.real)
        return with_rows(pairing, settings.rows)
    assert settings.generated is not None and settings.real is not None
    return pair_folders(settings.generated, settings.real, settings.source)


def _means(
    settings: EvalSettings,
    poses: PoseFiles,
    bench: Bench | None,
    pairs: Sequence[Pair],
    *,
    found: Survey,
    reference: Sequence[Path],
) -> Means:
    return Means(
        inputs=poses.inputs | ({REID} if bench else set()),
        judge=bench.judge.sha256 if bench else "",
        size=found.size,
        num_generated=len(pairs),
        num_reference=len(reference) or len(pairs),
        weights_dir=settings.weights_dir,
        force=settings.force,
    )


def _say_skipped(plan: Plan, settings: EvalSettings, console: Console) -> None:
    """Warn of scores that a given option was meant for; name the others in one line."""
    warned = set()
    if settings.weights_dir is not None:
        warned = {key for key in plan.skipped if key.split("/")[0] in DEEP_METRICS}
    for key in sorted(warned):
        console.warn(f"left out {key}: {plan.skipped[key]}")
    quiet = [key for key in plan.skipped if key not in warned]
    if quiet and not settings.protocols:
        console.say(f"left out, reasons in metrics.json: {', '.join(quiet)}")


def _reference(settings: EvalSettings) -> str:
    return REFERENCE if settings.fid_real else "real"


def _measure(
    settings: EvalSettings,
    plan: Plan,
    networks: Networks,
    poses: PoseFiles,
    *,
    pairs: Sequence[Pair],
    found: Survey,
    reference: Sequence[Path],
    console: Console,
) -> Measurements:
    device = find_device(settings.device)
    joints, known = mask_joints(poses, pairs, settings.allow_missing)
    measurer = Measurer(plan, networks, device, mean=found.mean, joints=joints, known=known)
    with console.stage("score", len(pairs)) as stage:
        for chunk in read_chunks(pairs, CHUNK_PAIRS, found.hashes):
            measurer.add(chunk)
            stage.advance(len(chunk.real))
    compared = [score for score in plan.scores if score.metric == "fid"]
    if reference and compared:
        with console.stage("reference of FID", len(reference)) as stage:
            for images in _equal_batches(reference, found.hashes, stage):
                images_there = torch.from_numpy(images).to(device)
                features = set_features(compared, images_there, networks)
                measurer.found.put_features(REFERENCE, features)
    return measurer.found


def _equal_batches(
    paths: Sequence[Path], hashes: dict[Path, str], stage: Stage
) -> Iterator[NDArray[np.uint8]]:
    """Yield pictures of any sizes, uint8 (n, H, W, 3), as many at once as are of one size."""
    for first in range(0, len(paths), CHUNK_PAIRS):
        images = [read_picture(path, hashes) for path in paths[first : first + CHUNK_PAIRS]]
        equal = len({image.shape for image in images}) == 1
        yield from [np.stack(images)] if equal else (image[None] for image in images)
        stage.advance(len(images))


def _publish(folder: ScoresFolder, scored: Scored) -> None:
    report = scored.report
    folder.publish("pairs.csv", scored.by_pair)
    folder.publish("table.csv", table_csv(report))
    folder.publish("table.md", markdown(report))
    folder.publish("table.tex", latex(report))
    folder.publish_json("metrics.json", report)
