"""Stage 1 from top to bottom: a folder of person images becomes verified shards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from data_manifest.inspection.summary import print_summary
from data_manifest.manifest import Manifest, ShardEntry
from preprocess.cluster.client import Cluster
from preprocess.cluster.hiring import cluster_of, hire
from preprocess.dry_run import estimate, say_estimate
from preprocess.output.folder import WEIGHTS_KEY, OutputFolder, output_of
from preprocess.output.publish import Made, publish_folder
from preprocess.output.record import record_of
from preprocess.output.report import StageTimes, refuse_too_many_bad, say_left_out
from preprocess.output.shards import ShardTask, make_shard, shard_task
from preprocess.output.tables import unmatched_names
from preprocess.pairing.annotations import Annotations, read_annotations
from preprocess.pairing.catalogue import (
    Catalogue,
    Status,
    make_catalogue,
    with_annotations,
    with_checks,
    without_invalid,
    without_unpaired,
)
from preprocess.pairing.given import read_given
from preprocess.pairing.splits import Split, make_split
from preprocess.pairing.transforms import PartsOfPairs
from preprocess.parallel import in_parallel
from preprocess.pose.device_processes import opened, opener
from preprocess.pose.kept_poses import KeptPoses
from preprocess.pose.people import OpenEstimator
from preprocess.pose.stage import with_poses
from preprocess.pose.weight_files import DEMO_NOTE
from preprocess.settings import DEMO_MODEL, PrepareSettings
from preprocess.sources.drawn import is_drawn
from preprocess.sources.images import Checked, check_images
from preprocess.sources.source import Source
from shared.console import Console
from shared.files import Disk, Staged, require_space, unveil
from shared.owned_folder import OwnedFolder
from shared.pair_geometry import transforms_of_pairs

CHECK_BLOCK: Final = 512


@dataclass(frozen=True)
class Job:
    """What every stage needs: settings, data set, output folder, console; a cluster, if any."""

    settings: PrepareSettings
    source: Source
    out: OutputFolder
    console: Console
    cluster: Cluster | None = None


def run(
    settings: PrepareSettings,
    source: Source,
    console: Console,
    *,
    owned: OwnedFolder | None = None,
    open_estimator: OpenEstimator | None = None,
    disk: Disk | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Make the shards of a data set.

    A repeated call continues where a killed one stopped, and only verifies a finished folder.

    Args:
        settings: What is wanted.
        source: The data set.
        console: Told what goes on; given the summary.
        owned: The output folder, where the caller has claimed it already.
        open_estimator: Opens the pose model; by default
            :func:`preprocess.pose.yolo.open_estimator`.
        disk: The calls to the operating system by which files are published.
        clock: Monotonic time in seconds.

    Raises:
        PoseGanError: See the exit codes of ``shared.errors``.
    """
    hold = not settings.run.dry_run
    with (
        nullcontext(owned) if owned else output_of(settings.out, hold=hold, disk=disk) as held,
        cluster_of(settings.run) as cluster,
    ):
        job = Job(settings, source, OutputFolder(held), console, cluster)
        manifest = _make(job, open_estimator, clock)
    if manifest is not None:
        print_summary(manifest.summary, console)
        refuse_too_many_bad(manifest.summary, settings.run.max_bad)


def _make(
    job: Job, open_estimator: OpenEstimator | None, clock: Callable[[], float]
) -> Manifest | None:
    """Fill the output folder, or say what would go into it: a dry run has no manifest to give."""
    settings, source, out, console = job.settings, job.source, job.out, job.console
    times = StageTimes(clock)
    with times.stage("list files"):
        listing = source.listing()
        for remark in listing.remarks:
            console.say(remark)
        given = read_given(settings)
        annotations = read_annotations(given.keypoints)
        catalogue = make_catalogue(listing, annotations)
        expected = estimate(_as_if_readable(catalogue, annotations), settings, given)
    record = record_of(settings, source, listing, given)
    finished = out.check(record, overwrite=settings.run.overwrite)
    if not finished:
        require_space(out.path, max(0, expected.num_bytes - out.held_bytes), out.disk)
    if settings.run.dry_run:
        workers = settings.run.workers if finished else hire(job.cluster, settings, listing)
        say_estimate(expected, catalogue, settings, console, clock, workers=workers)
        return None

    manifest = _verified(out, console) if finished else None
    if manifest is None:
        hire(job.cluster, settings, listing)
        out.begin(record)
        with times.stage("check images"):
            catalogue = _checked(job, catalogue)
        with times.stage("poses"):
            catalogue, pose_key = _posed(
                job, catalogue, annotations, open_estimator or opener(record.get(WEIGHTS_KEY))
            )
        with times.stage("pairs"):
            splits = [make_split(name, catalogue, settings, given) for name in ("train", "test")]
            say_left_out(splits, unmatched_names(listing, catalogue, annotations), console)
        with times.stage("shards"):
            made = _make_shards(job, catalogue, splits)
        manifest = publish_folder(
            out,
            made,
            listing=listing,
            catalogue=catalogue,
            annotations=annotations,
            splits=splits,
            record=record,
            pose_key=pose_key,
            image_size=settings.shards.image_size,
            times=times,
        )
    return manifest


def _as_if_readable(catalogue: Catalogue, annotations: Annotations | None) -> Catalogue:
    """Refuse what is known to be unusable without reading any image."""
    catalogue = without_unpaired(catalogue)
    if annotations is None:
        return catalogue
    return without_invalid(with_annotations(catalogue, annotations))


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


def _checked(job: Job, catalogue: Catalogue) -> Catalogue:
    """Read every image once and refuse those that cannot be used or are never paired."""
    paths = [image.path for image in catalogue.images]
    blocks = [paths[i : i + CHECK_BLOCK] for i in range(0, len(paths), CHECK_BLOCK)]
    parts: list[Checked] = []
    with job.console.stage("images", len(paths)) as stage:
        for part in _shared_out(job, check_images, [(block,) for block in blocks]):
            parts.append(part)
            stage.advance(len(part.reasons))
    checked = Checked(
        [reason for part in parts for reason in part.reasons],
        np.concatenate([np.zeros((0, 2), np.int32), *(part.sizes for part in parts)]),
        [digest for part in parts for digest in part.digests],
    )
    catalogue = with_checks(catalogue, checked, any_size=job.settings.shards.any_size)
    return without_unpaired(catalogue)


def _posed(
    job: Job,
    catalogue: Catalogue,
    annotations: Annotations | None,
    open_estimator: OpenEstimator,
) -> tuple[Catalogue, str]:
    """Enter the joints, published or estimated; the pose model's key comes with them."""
    if annotations is not None:
        annotated = with_annotations(catalogue, annotations)
        valid = annotated.rows(Status.VALID)
        annotations.refuse_points_outside(catalogue.annotation_rows[valid], catalogue.sizes[valid])
        return without_invalid(annotated), ""
    pose = job.settings.pose
    if pose.pose_model == DEMO_MODEL and not is_drawn(job.source.root):
        job.console.warn(DEMO_NOTE)
    threads = job.settings.run.workers
    with opened(
        pose, job.console, open_estimator, threads=threads, cluster=job.cluster
    ) as estimator:
        catalogue = with_poses(
            catalogue,
            estimator,
            KeptPoses(job.out.poses, estimator.key, job.out.disk, job.out.owned),
            job.console,
            joint_threshold=pose.joint_threshold,
        )
        return without_invalid(catalogue), estimator.key


def _make_shards(job: Job, catalogue: Catalogue, splits: Sequence[Split]) -> Made:
    """Make every shard that is not there already, and remove those of earlier data."""
    out, size = job.out, job.settings.shards.image_size
    plans = [(plan, split) for split in splits for plan in split.plans]
    out.drop_other_shards({plan.file for plan, _ in plans})
    out.intend(plan.file for plan, _ in plans)
    tasks = ((shard_task(plan, split, catalogue, out.path, size), out) for plan, split in plans)
    entries: list[ShardEntry] = []
    parts: dict[str, list[PartsOfPairs]] = {split.name: [] for split in splits}
    try:
        with job.console.stage("shards", len(plans)) as stage:
            for entry, fresh, of_pairs in _shared_out(job, _produce, tasks):
                entries.append(entry)
                parts[entry.split].append(of_pairs)
                if fresh is None:
                    stage.skip(1)
                    continue
                unveil(fresh.file, out.disk)
                out.note_shard(entry, fresh.key)
                stage.advance()
    finally:
        out.owned.remove_temporaries()  # of workers that were killed, too
    return Made(tuple(entries), parts)


@dataclass(frozen=True)
class _Fresh:
    """A shard that a worker has made: the file, still without its name, and its task's key."""

    file: Staged
    key: str


def _produce(task: ShardTask, out: OutputFolder) -> tuple[ShardEntry, _Fresh | None, PartsOfPairs]:
    """Make one shard, or find it where an earlier run made it of the same content."""
    key = task.key
    kept = out.kept_shard(task.path.name, key)
    if kept is not None:
        return kept, None, PartsOfPairs.of(*transforms_of_pairs(task.joints, task.pairs))
    entry, file, parts = make_shard(task, out.disk)
    return entry, _Fresh(file, key), parts


def _shared_out(
    job: Job, work: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]
) -> Iterator[Any]:
    how = job.settings.run
    return in_parallel(
        work, arguments, workers=how.workers, backend=how.backend, cluster=job.cluster
    )
