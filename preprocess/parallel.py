"""Work shared out to processes or threads that end with the run that started them.

Convention:
    Workers read, compute and write temporary files. Nothing bears its final name before the
    process that holds the output folder gives it (``shared.files.stage`` and ``unveil``). So a
    worker that outlives its run for a moment cannot publish into a folder that another run has
    claimed since; and no worker outlives it for long (``shared.workers``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, Protocol

import joblib

from shared.workers import end_with_parent

Backend = Literal["loky", "threading", "dask"]


class Workers(Protocol):
    """Workers elsewhere, as ``preprocess.cluster.client`` finds them."""

    def results(
        self, work: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]
    ) -> Iterator[Any]:
        """Yield the results of a function over many arguments, in their order."""


def in_parallel(
    work: Callable[..., Any],
    arguments: Iterable[tuple[Any, ...]],
    *,
    workers: int,
    backend: Backend = "loky",
    cluster: Workers | None = None,
) -> Iterator[Any]:
    """Yield the results of a function over many arguments, in their order.

    Args:
        work: What a worker does.
        arguments: What it is called with, time after time.
        workers: Processes or threads.
        backend: Which of the two; a single worker is this process itself.
        cluster: Workers that do it all instead: those of the backend ``dask``.
    """
    if cluster is not None:
        return cluster.results(work, arguments)
    watch = {"initializer": end_with_parent, "initargs": (os.getpid(),)}
    pool = joblib.Parallel(
        n_jobs=workers,
        backend=backend,
        return_as="generator",
        pre_dispatch="2 * n_jobs",
        batch_size=1,
        max_nbytes=None,
        **(watch if backend == "loky" and workers > 1 else {}),
    )
    results: Iterator[Any] = pool(joblib.delayed(work)(*each) for each in arguments)
    return results
