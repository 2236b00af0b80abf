"""Stage 1 from top to bottom: a folder of person images becomes verified shards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import joblib
import numpy as np
from numpy.typing import NDArray

from data_manifest.inspection.summary import print_summary
from data_manifest.manifest import Manifest, ShardEntry
from preprocess.dry_run import forecast, say_forecast
from preprocess.output.folder import OutputFolder
from preprocess.output.publish import Made, publish_folder
from preprocess.output.record import record_of
from preprocess.output.report import StageTimes, refuse_too_many_bad, say_left_out
from preprocess.output.shards import ShardTask, make_shard, shard_task
from preprocess.output.tables import unmatched_names
from preprocess.pairing.annotations import Annotations, read_annotations
from preprocess.pairing.catalogue import (
    Roster,
    Status,
    call_roster,
    with_annotations,
    with_checks,
    without_invalid,
    without_unpaired,
)
from preprocess.pairing.given import read_given
from preprocess.pairing.splits import Split, make_split
from preprocess.pose.kept_poses import KeptPoses
from preprocess.pose.people import PoseEstimator
from preprocess.pose.stage import with_poses
from preprocess.pose.weight_files import DEMO_NOTE
from preprocess.settings import DEMO_MODEL, PoseSettings, PrepareSettings, RunSettings
from preprocess.sources.drawn import is_drawn
from preprocess.sources.images import Checked, check_images
from preprocess.sources.source import Source
from shared.console import Console
from shared.files import Disk, require_space
from shared.pair_geometry import transforms_of_pairs

CHECK_BLOCK: Final = 512

OpenEstimator = Callable[[PoseSettings, Console], PoseEstimator]


@dataclass(frozen=True)
class Job:
    """What every stage needs: the settings, the data set, the output folder and the console."""

    settings: PrepareSettings
    source: Source
    out: OutputFolder
    console: Console


def run(
    settings: PrepareSettings,
    source: Source,
    console: Console,
    *,
    open_estimator: OpenEstimator | None = None,
    disk: Disk | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Make the shards of a data set; the caller holds the output folder's lock.

    A repeated call continues where a killed one stopped, and only verifies a finished folder.

    Args:
        settings: What is wanted.
        source: The data set.
        console: Told what goes on; given the summary.
        open_estimator: Opens the pose model; by default
            :func:`preprocess.pose.yolo.open_estimator`.
        disk: The calls to the operating system by which files are published.
        clock: Monotonic time in seconds.

    Raises:
        PoseGanError: See the exit codes of ``shared.errors``.
    """
    times = StageTimes(clock)
    with times.stage("list files"):
        listing = source.listing()
        given = read_given(settings)
        annotations = read_annotations(given.keypoints)
        roster = call_roster(listing, annotations)
        expected = forecast(_as_if_readable(roster, annotations), settings, given)
    if settings.run.dry_run:
        say_forecast(expected, roster, settings, console, clock)
        return

    out = OutputFolder(settings.out, disk)
    job = Job(settings, source, out, console)
    record = record_of(settings, source, listing, given)
    out.begin(record, overwrite=settings.run.overwrite)
    manifest = _verified(out, console)
    if manifest is None:
        require_space(out.path, max(0, expected.num_bytes - out.held_bytes), disk)
        out.unfinish()
        with times.stage("check images"):
            roster = _checked(job, roster)
        with times.stage("poses"):
            roster, pose_key = _posed(job, roster, annotations, open_estimator)
        with times.stage("pairs"):
            splits = [make_split(name, roster, settings, given) for name in ("train", "test")]
            say_left_out(splits, unmatched_names(listing, roster, annotations), console)
        with times.stage("shards"):
            made = _make_shards(job, roster, splits)
        manifest = publish_folder(
            out,
            made,
            listing=listing,
            roster=roster,
            annotations=annotations,
            splits=splits,
            record=record,
            pose_key=pose_key,
            image_size=settings.shards.image_size,
            times=times,
        )
    print_summary(manifest.summary, console)
    refuse_too_many_bad(manifest.summary, settings.run.max_bad)


def _as_if_readable(roster: Roster, annotations: Annotations | None) -> Roster:
    """Refuse what is known to be unusable without reading any image."""
    roster = without_unpaired(roster)
    if annotations is None:
        return roster
    return without_invalid(with_annotations(roster, annotations))


def _verified(out: OutputFolder, console: Console) -> Manifest | None:
    """Return the manifest of a folder that is finished and whole; None where work is left."""
    manifest = out.finished()
    if manifest is None:
        return None
    damaged = out.damaged_files(manifest)
    if damaged:
        console.warn(f"damaged, to be made again: {', '.join(damaged)}")
        return None
    console.say(f"{out.path} is finished: {len(manifest.shards)} shards verified, nothing to do")
    return manifest


def _checked(job: Job, roster: Roster) -> Roster:
    """Read every image once and refuse those that cannot be used or are never paired."""
    paths = [image.path for image in roster.images]
    blocks = [paths[i : i + CHECK_BLOCK] for i in range(0, len(paths), CHECK_BLOCK)]
    parts: list[Checked] = []
    with job.console.stage("images", len(paths)) as stage:
        for part in _in_parallel(job.settings.run, check_images, [(block,) for block in blocks]):
            parts.append(part)
            stage.advance(len(part.reasons))
    checked = Checked(
        [reason for part in parts for reason in part.reasons],
        np.concatenate([np.zeros((0, 2), np.int32), *(part.sizes for part in parts)]),
        [digest for part in parts for digest in part.digests],
    )
    roster = with_checks(roster, checked, any_size=job.settings.shards.any_size)
    return without_unpaired(roster)


def _posed(
    job: Job, roster: Roster, annotations: Annotations | None, open_estimator: OpenEstimator | None
) -> tuple[Roster, str]:
    """Enter the joints, published or estimated; the pose model's key comes with them."""
    if annotations is not None:
        annotated = with_annotations(roster, annotations)
        valid = annotated.rows(Status.VALID)
        annotations.refuse_points_outside(roster.annotation_rows[valid], roster.sizes[valid])
        return without_invalid(annotated), ""
    pose = job.settings.pose
    if pose.pose_model == DEMO_MODEL and not is_drawn(job.source.root):
        job.console.warn(DEMO_NOTE)
    estimator = (open_estimator or _open_real)(pose, job.console)
    roster = with_poses(
        roster,
        estimator,
        KeptPoses(job.out.poses, estimator.key, job.out.disk),
        job.console,
        joint_threshold=pose.joint_threshold,
        threads=job.settings.run.workers,
    )
    return without_invalid(roster), estimator.key


def _open_real(settings: PoseSettings, console: Console) -> PoseEstimator:
    from preprocess.pose.yolo import open_estimator  # noqa: PLC0415 - it imports torch

    return open_estimator(settings, console)


def _make_shards(job: Job, roster: Roster, splits: Sequence[Split]) -> Made:
    """Make every shard that is not there already, and remove those of earlier data."""
    out, size = job.out, job.settings.shards.image_size
    plans = [(plan, split) for split in splits for plan in split.plans]
    out.drop_other_shards({plan.file for plan, _ in plans})
    tasks = ((shard_task(plan, split, roster, out.path, size), out) for plan, split in plans)
    entries: list[ShardEntry] = []
    status: dict[str, list[NDArray[np.uint8]]] = {split.name: [] for split in splits}
    with job.console.stage("shards", len(plans)) as stage:
        for entry, of_pairs, kept in _in_parallel(job.settings.run, _produce, tasks):
            entries.append(entry)
            status[entry.split].append(of_pairs)
            stage.skip(1) if kept else stage.advance()
    return Made(tuple(entries), status)


def _produce(task: ShardTask, out: OutputFolder) -> tuple[ShardEntry, NDArray[np.uint8], bool]:
    """Make one shard, or keep it where an earlier run made it of the same content."""
    key = task.key
    kept = out.kept_shard(task.path.name, key)
    if kept is not None:
        return kept, transforms_of_pairs(task.joints, task.pairs)[1], True
    entry, status = make_shard(task, out.disk)
    out.note_shard(entry, key)
    return entry, status, False


def _in_parallel(
    settings: RunSettings, work: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]
) -> Iterator[Any]:
    """Yield the results of a function over many arguments, in their order."""
    pool = joblib.Parallel(
        n_jobs=settings.workers,
        backend=settings.backend,
        return_as="generator",
        pre_dispatch="2 * n_jobs",
        batch_size=1,
        max_nbytes=None,
    )
    results: Iterator[Any] = pool(joblib.delayed(work)(*each) for each in arguments)
    return results
