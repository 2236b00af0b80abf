"""What every part of a run of stage 1 needs."""

from __future__ import annotations

from dataclasses import dataclass

from preprocess.cluster.client import Cluster
from preprocess.output.folder import OutputFolder
from preprocess.settings import PrepareSettings
from preprocess.sources.source import Source
from shared.console import Console


@dataclass(frozen=True)
class Job:
    """The settings, the data set, the output folder and the console; a cluster, if any."""

    settings: PrepareSettings
    source: Source
    out: OutputFolder
    console: Console
    cluster: Cluster | None = None
