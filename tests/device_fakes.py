"""Stand-ins for pose models in processes of their own, where pickles find them by name."""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
from small_market import ContentEstimator

from preprocess.extract_settings import ExtractSettings
from preprocess.pose.device_processes import OpenEstimator, open_network
from preprocess.pose.extraction import extract_poses
from preprocess.pose.people import People, PoseEstimator
from preprocess.settings import PoseSettings
from shared.console import Console
from shared.errors import DamagedError, ends_with_exit_code

ENDS = {"killed": signal.SIGKILL, "terminated": signal.SIGTERM, "crashed": signal.SIGSEGV}


class Eventful(ContentEstimator):
    """A stand-in that writes down its process, and of which the first one to estimate acts.

    Args:
        folder: Where the processes write down their numbers.
        event: What the first one does; the others then estimate without end. Empty for nothing.
        num_processes: All wait until so many are there: else a fast one might do all the work.
    """

    def __init__(self, folder: Path, event: str, num_processes: int) -> None:
        super().__init__()
        self._folder = folder
        self._event = event
        self._num_processes = num_processes
        if event == "another":
            self.key = f"the model of {os.getpid()}"
        (folder / f"{os.getpid()}.process").touch()

    def estimate(self, images: np.ndarray) -> People:
        while len(processes(self._folder)) < self._num_processes:
            time.sleep(0.01)
        if not self._event:
            people = super().estimate(images)
            (self._folder / f"{os.getpid()}.estimated").write_text(str(self.estimated))
            return people
        try:
            (self._folder / "first").touch(exist_ok=False)
        except FileExistsError:
            time.sleep(600)
        if self._event in ENDS:
            os.kill(os.getpid(), ENDS[self._event])
        if self._event == "damaged":
            raise DamagedError("a picture: expected a whole one")
        if self._event == "memory":
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        if self._event == "fault":
            raise ZeroDivisionError("nobody expected this")
        time.sleep(600)
        raise AssertionError("ended by the test")


def open_eventful(
    settings: PoseSettings, console: Console, *, folder: Path, event: str, num_processes: int
) -> Eventful:
    console.say(f"opened on {settings.device}")
    return Eventful(folder, event, num_processes)


def eventful(folder: Path, event: str = "", num_processes: int = 2) -> OpenEstimator:
    """What opens a stand-in in whatever process."""
    folder.mkdir(exist_ok=True)
    how = {"folder": folder, "event": event, "num_processes": num_processes}
    return functools.partial(open_eventful, **how)


class Together:
    """The real pose model of a process, which waits until as many are open as there are devices."""

    def __init__(self, estimator: PoseEstimator, folder: Path, num_processes: int) -> None:
        self.key = estimator.key
        self._estimator = estimator
        self._folder = folder
        self._num_processes = num_processes
        (folder / f"{os.getpid()}.process").touch()

    def estimate(self, images: np.ndarray) -> People:
        while len(processes(self._folder)) < self._num_processes:
            time.sleep(0.01)
        (self._folder / f"{os.getpid()}.estimated").touch()
        return self._estimator.estimate(images)


def open_together(
    settings: PoseSettings, console: Console, *, folder: Path, num_processes: int
) -> Together:
    return Together(open_network(settings, console), folder, num_processes)


def together(folder: Path, num_processes: int) -> OpenEstimator:
    """What opens the real pose model in whatever process."""
    folder.mkdir()
    return functools.partial(open_together, folder=folder, num_processes=num_processes)


def processes(folder: Path, what: str = "process") -> list[int]:
    """The processes that opened a stand-in, or have ``estimated``."""
    return [int(path.stem) for path in folder.glob(f"*.{what}")]


@ends_with_exit_code
def main(src: str, out: str, folder: str) -> None:
    """A command that stands still in the middle of its poses."""
    pose = PoseSettings(device="cpu,cpu")
    settings = ExtractSettings(src=Path(src), out=Path(out), pose=pose)
    extract_poses(settings, Console(), open_estimator=eventful(Path(folder), "still"))


if __name__ == "__main__":
    from device_fakes import main as main_of_module  # by the name that pickles know

    import preprocess.pose.stage as stage

    stage.BLOCK_IMAGES = 3
    main_of_module(*sys.argv[1:])
