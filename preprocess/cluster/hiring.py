"""The cluster that the settings name, and what it must be fit for."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from preprocess.cluster.client import Cluster
from preprocess.cluster.needs import needs_of
from preprocess.cluster.whole_paths import pose_file
from preprocess.settings import PrepareSettings, RunSettings
from preprocess.sources.source import Listing


def cluster_of(how: RunSettings) -> AbstractContextManager[Cluster | None]:
    """Leave the cluster of the settings at the end of a block; None where they name none."""
    return nullcontext() if how.cluster is None else Cluster(how.cluster, how.patience_s)


def hire(cluster: Cluster | None, settings: PrepareSettings, listing: Listing) -> int:
    """Enter a cluster, if there is one, for the work on a data set.

    A dry run asks what a run would ask, but for the folder that is not there yet.

    Args:
        cluster: The cluster.
        settings: What the run is told.
        listing: The data set.

    Returns:
        How many tasks are done at the same time.

    Raises:
        UsageError: See :meth:`preprocess.cluster.client.Cluster.hire`.
    """
    if cluster is None:
        return settings.run.workers
    poses = not settings.keypoints
    weights = pose_file(settings.pose) if poses else None
    needs = needs_of(
        (image.path for image in listing.images),
        [] if weights is None else [weights],
        settings.out,
        held=not settings.run.dry_run,
        poses=poses,
    )
    cluster.hire(needs)
    return cluster.num_threads
