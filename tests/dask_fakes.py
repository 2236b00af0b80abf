"""What the workers of a test's cluster run: found there by name, as pickles do."""

from __future__ import annotations

import functools
import os
import signal
import sys
import time
import uuid
from pathlib import Path

from small_market import ContentEstimator

from preprocess.pose.people import OpenEstimator
from preprocess.settings import PoseSettings, PrepareSettings, RunSettings, ShardSettings
from shared.console import Console
from shared.errors import DamagedError, NoSpaceError, ends_with_exit_code
from shared.files import Disk


class DeadlyDisk(Disk):
    """A disk on which a worker that has written half a file is killed, or kills another; once.

    Args:
        folder: Where it is noted that it happened.
        victim: The process that is killed; the writer itself by default.
        file: What the file's name holds.
    """

    def __init__(self, folder: Path, victim: int = 0, file: str = ".h5.") -> None:
        self._note = folder / "killed"
        self._file = file
        self._victim = victim
        self._holder = os.getpid()

    def write(self, descriptor: int, data: memoryview) -> int:
        name = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        if os.getpid() == self._holder or self._file not in name:
            return super().write(descriptor, data)
        written = super().write(descriptor, data[: len(data) // 2 + 1])
        try:
            self._note.touch(exist_ok=False)
        except FileExistsError:
            return written
        os.kill(self._victim or os.getpid(), signal.SIGKILL)
        return written


class SlowDisk(Disk):
    """A disk on which the workers' files take seconds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._holder = os.getpid()

    def create(self, path: Path) -> int:
        if os.getpid() != self._holder:
            (self._folder / "begun").touch()
            time.sleep(3)
        return super().create(path)


def square_late(number: int) -> int:
    time.sleep(0.2 if number == 0 else 0)
    return number * number


def fail(kind: str) -> None:
    if kind == "damaged":
        raise DamagedError("a picture: expected a whole one")
    if kind == "memory":
        raise MemoryError
    if kind == "file":
        raise FileNotFoundError(2, "No such file or directory", "/lost")
    if kind == "space":
        raise NoSpaceError("the disk: expected room")
    raise ZeroDivisionError("nobody expected this")


def open_noted(settings: PoseSettings, console: Console, *, folder: Path) -> ContentEstimator:
    console.say(f"opened on {settings.device}")
    (folder / f"{os.getpid()}-{uuid.uuid4()}").touch()
    return ContentEstimator()


def noted_openings(folder: Path) -> OpenEstimator:
    """What opens the stand-in and writes down in which process."""
    folder.mkdir()
    return functools.partial(open_noted, folder=folder)


def settings_for(market: Path, out: Path, address: str, **run: object) -> PrepareSettings:
    """Settings of a run on a cluster that makes many shards."""
    how = RunSettings(backend="dask", cluster=address, **{"patience_s": 20.0, **run})
    keypoints = (market.parent / "keypoints.csv",)
    shards = ShardSettings(shard_bytes=100_000)
    return PrepareSettings(src=market, out=out, keypoints=keypoints, shards=shards, run=how)


@ends_with_exit_code
def main(market: str, out: str, address: str, folder: str) -> None:
    from preprocess.pipeline import run
    from preprocess.sources.registry import find_source

    settings = settings_for(Path(market), Path(out), address)
    source = find_source(settings.src, settings.data_set)
    run(settings, source, Console(quiet=True), disk=SlowDisk(Path(folder)))


if __name__ == "__main__":
    import dask_fakes  # so that workers find by its name what this program sends

    dask_fakes.main(*sys.argv[1:])
