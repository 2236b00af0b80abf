"""The pose stage that waits: the model stays open, and what appears in a folder gets its row.

Convention:
    The three tables of :mod:`preprocess.pose.extraction` are published anew with each picture,
    whole and by renaming, the key points last: a reader finds whole rows only, and for each
    name in the key points its rows in the others. A row stays when its picture goes. Each
    picture is brought to the input that fits it, whatever others are in the folder.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from preprocess.extract_settings import ExtractSettings
from preprocess.pose.arrivals import Arrival, Arrivals
from preprocess.pose.extraction import (
    COMMAND,
    Found,
    Photo,
    fitting_size,
    kept_by_older,
    unfit_name,
)
from preprocess.pose.kept_rows import KeptRows
from preprocess.pose.people import PoseEstimator, joints_of_people
from preprocess.pose.stage import estimate_pictures
from preprocess.pose.weight_files import DEMO_NOTE
from preprocess.settings import DEMO_MODEL, PoseSettings
from preprocess.sources.drawn import is_drawn
from preprocess.sources.images import fast_decoder, read_image
from shared.console import Console
from shared.errors import StoppedError
from shared.files import Disk
from shared.geometry import presence
from shared.owned_files import OwnedFiles
from shared.owned_folder import owned_folder
from shared.pictures import RefusedPictureError
from shared.skeleton import JOINTS
from shared.stopping import StopRequest

POLL_S: Final = 0.04
"""Between two looks at the folder; longer where a look takes long."""

LOOK_SHARE: Final = 0.25
"""A look takes at most this share of the time."""

AT_ONCE: Final = 32
"""Pictures that get their rows together, where many are there."""

MARGIN_NS: Final = 2_000_000_000
"""Pictures that changed so shortly before the tables are looked at again by a repeated call."""


class SizedEstimator(PoseEstimator, Protocol):
    """A pose model that can be used with inputs of several sizes."""

    def at(self, pose_size: tuple[int, int]) -> PoseEstimator:
        """The same model with an input of (height, width)."""


OpenSized = Callable[[PoseSettings, Console], SizedEstimator]


@dataclass(frozen=True)
class Moment:
    """Time, as tests replace it.

    Attributes:
        clock: Seconds that only grow.
        now: Nanoseconds since 1970.
        pause: Waits for some seconds.
    """

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], int] = time.time_ns
    pause: Callable[[float], None] = time.sleep


def watch_poses(
    settings: ExtractSettings,
    console: Console,
    *,
    stop: StopRequest,
    open_estimator: OpenSized | None = None,
    disk: Disk | None = None,
    moment: Moment | None = None,
) -> None:
    """Find the person of every picture that is in a folder or appears in it, until a signal.

    Args:
        settings: What is wanted.
        console: Told what goes on, and one line for each picture.
        stop: Notes the signals.
        open_estimator: Opens the pose model; by default
            :func:`preprocess.pose.yolo.open_estimator`.
        disk: The calls to the operating system by which files are published.
        moment: The time.

    Raises:
        StoppedError: A signal came; every row is in the tables.
        UsageError: The folder is gone, or the tables are somebody else's.
        PoseGanError: See the exit codes of ``shared.errors``.
    """
    time_ = moment or Moment()
    rows = KeptRows(settings)
    paths = (settings.out, settings.beside("sizes"), settings.beside("scores"))
    files = OwnedFiles(paths, COMMAND, disk)
    files.check()
    if settings.pose.pose_model == DEMO_MODEL and not is_drawn(settings.src):
        console.warn(DEMO_NOTE)
    with owned_folder(settings.kept, COMMAND, recognise=kept_by_older, disk=disk) as owned:
        known_ns = rows.read() - MARGIN_NS
        arrivals = Arrivals(
            settings.src,
            rows.names,
            known_ns,
            clock=time_.clock,
            now=time_.now,
            warn=console.warn,
        )
        arrivals.ready()  # a folder that cannot be read ends the call before the model is opened
        estimator = (open_estimator or _open_network)(settings.pose, console)
        watch = _Watch(settings, console, arrivals, rows, estimator, moment=time_)
        files.publish(rows.contents())
        console.result(f"watching {settings.src}; rows go to {settings.out}; Ctrl-C ends it")
        idle_since = time_.clock()
        while stop.asked_by is None:
            begin = time_.clock()
            if watch.look():
                files.publish(rows.contents())
                watch.tell()
                idle_since = time_.clock()
                continue
            if arrivals.num_waiting:
                idle_since = time_.clock()
            elif settings.idle_s is not None and time_.clock() - idle_since >= settings.idle_s:
                break
            time_.pause(max(POLL_S, (time_.clock() - begin) / LOOK_SHARE))
        if not owned.files:  # else a killed call without --watch left poses there
            owned.dissolve()
    _end(stop, len(rows), settings)


class _Watch:
    """Looks at what is ready and makes rows of it."""

    def __init__(
        self,
        settings: ExtractSettings,
        console: Console,
        arrivals: Arrivals,
        rows: KeptRows,
        estimator: SizedEstimator,
        *,
        moment: Moment,
    ) -> None:
        self._settings = settings
        self._console = console
        self._arrivals = arrivals
        self._rows = rows
        self._estimator = estimator
        self._moment = moment
        self._sized: dict[tuple[int, int], PoseEstimator] = {}
        self._fast = fast_decoder()
        self._told: list[tuple[str, float]] = []

    def look(self) -> bool:
        """Make rows of the pictures that are ready, some at a time; whether there were any."""
        read = [(one, self._read(one)) for one in self._arrivals.ready()[:AT_ONCE]]
        groups: dict[tuple[int, int], list[tuple[Photo, NDArray[np.uint8]]]] = {}
        for arrival, picture in read:
            if picture is not None:
                photo = Photo(arrival.name, arrival.path, "", _size_of(picture))
                groups.setdefault(self._input_for(photo.size), []).append((photo, picture))
        for pose_size, group in groups.items():
            photos, pictures = zip(*group, strict=True)
            found = self._find(pose_size, photos, pictures)
            self._rows.put(photos, found)
            self._note(photos, found, [one for one, picture in read if picture is not None])
        return bool(groups)

    def tell(self) -> None:
        """Say what came of the pictures whose rows are in the tables now."""
        for line, seen_s in self._told:
            self._console.say(f"{line}; {1000 * (self._moment.clock() - seen_s):.0f} ms")
        self._told.clear()

    def _read(self, arrival: Arrival) -> NDArray[np.uint8] | None:
        reason, picture = unfit_name(arrival.name), None
        if not reason:
            try:
                picture, _ = read_image(arrival.path, self._fast)
            except RefusedPictureError as refusal:
                reason = str(refusal)
        is_final = self._arrivals.looked_at(arrival, is_used=picture is not None)
        if is_final and reason and arrival.path.exists():
            self._console.warn(f"{arrival.name}: {reason}")
        return picture

    def _input_for(self, size: tuple[int, int]) -> tuple[int, int]:
        if not self._settings.fit_size:
            return self._settings.pose.pose_size
        return fitting_size(np.array([size]))

    def _find(
        self,
        pose_size: tuple[int, int],
        photos: Sequence[Photo],
        pictures: Sequence[NDArray[np.uint8]],
    ) -> Found:
        if pose_size not in self._sized:
            self._sized[pose_size] = self._estimator.at(pose_size)
        people = estimate_pictures(self._sized[pose_size], pictures)
        sizes = np.array([photo.size for photo in photos])
        threshold = self._settings.pose.joint_threshold
        return Found(people, *joints_of_people(people, sizes, threshold))

    def _note(self, photos: Sequence[Photo], found: Found, arrivals: Sequence[Arrival]) -> None:
        seen = {arrival.name: arrival.seen_s for arrival in arrivals}
        known = presence(found.joints).sum(axis=1).tolist()
        for photo, joints, people in zip(photos, known, found.people.count.tolist(), strict=True):
            who = f"{joints} of {len(JOINTS)} joints" if people else "nobody"
            self._told.append((f"{photo.name}: {who}", seen[photo.name]))


def _size_of(picture: NDArray[Any]) -> tuple[int, int]:
    return picture.shape[0], picture.shape[1]


def _end(stop: StopRequest, count: int, settings: ExtractSettings) -> None:
    """Tell by the exit code whether a signal ended it.

    Raises:
        StoppedError: One did.
    """
    if stop.asked_by is not None:
        rows = f"{count:,} rows in {Path(settings.out)}"
        raise StoppedError(f"stopped by {stop.asked_by}, {rows}; the same command goes on")


def _open_network(pose: PoseSettings, console: Console) -> SizedEstimator:
    from preprocess.pose.yolo import open_estimator  # noqa: PLC0415 - it imports torch

    return open_estimator(pose, console)
