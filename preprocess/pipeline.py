"""Stage 1 from top to bottom: a folder of person images becomes verified shards.

What is there is looked at here; what is missing is made by ``preprocess.passes``.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from data_manifest.inspection.summary import print_summary
from data_manifest.manifest import Manifest
from preprocess.cluster.hiring import cluster_of, hire
from preprocess.dry_run import estimate, say_estimate
from preprocess.job import Job
from preprocess.output.folder import WEIGHTS_KEY, OutputFolder, output_of
from preprocess.output.record import record_of
from preprocess.output.report import StageTimes, refuse_too_many_bad
from preprocess.pairing.annotations import Annotations, read_annotations
from preprocess.pairing.catalogue import (
    Catalogue,
    Status,
    make_catalogue,
    with_annotations,
    without_invalid,
    without_unpaired,
)
from preprocess.pairing.given import read_given
from preprocess.pose.device_processes import opener
from preprocess.pose.people import OpenEstimator
from preprocess.settings import PrepareSettings
from preprocess.sources.source import Source
from shared.console import Console
from shared.files import Disk, require_space
from shared.owned_folder import OwnedFolder


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
    times, dry_run = StageTimes(clock), settings.run.dry_run
    with times.stage("list files"), _uncollected():
        listing = source.listing()
        for remark in listing.remarks:
            console.say(remark)
        given = read_given(settings)
    record = record_of(settings, source, listing, given)
    finished = out.check(record, overwrite=settings.run.overwrite)
    if finished and not dry_run:
        manifest = _verified(job)
        if manifest is not None:
            return manifest
    with times.stage("list files"), _uncollected():
        annotations = read_annotations(given.keypoints)
        catalogue = make_catalogue(listing, annotations)
        hopeful = _as_if_readable(catalogue, annotations)
        expected = estimate(hopeful, settings, given)
        needed = max(0, expected.num_bytes - out.held_bytes)
    spare = 0 if finished and dry_run else require_space(out.path, needed, out.disk)
    workers = settings.run.workers if finished and dry_run else hire(job.cluster, settings, listing)
    if dry_run:
        say_estimate(expected, catalogue, settings, console, clock, workers=workers)
        return None
    from preprocess.passes import Found, make_everything  # noqa: PLC0415 - slow: it takes pandas

    out.begin(record)
    found = Found(
        listing=listing,
        given=given,
        annotations=annotations,
        catalogue=catalogue,
        hopeful=hopeful.status == Status.VALID,
        record=record,
        spare_bytes=spare,
    )
    opening = open_estimator or opener(record.get(WEIGHTS_KEY))
    return make_everything(job, found, times, open_estimator=opening)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Make records of very many files without looking for garbage among them time after time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _as_if_readable(catalogue: Catalogue, annotations: Annotations | None) -> Catalogue:
    """Refuse what is known to be unusable without reading any image."""
    catalogue = without_unpaired(catalogue)
    if annotations is None:
        return catalogue
    return without_invalid(with_annotations(catalogue, annotations))


def _verified(job: Job) -> Manifest | None:
    """Return the manifest of a folder that is finished and whole; None where work is left."""
    out, console = job.out, job.console
    manifest = out.finished()
    if manifest is None:
        return None
    damaged = out.damaged_files(manifest, threads=job.settings.run.workers)
    if damaged:
        console.warn(f"damaged, to be made again: {', '.join(damaged)}")
        return None
    console.say(f"{out.path} is finished: {len(manifest.shards)} shards verified, nothing to do")
    return manifest
