"""The output goes away or becomes a file while a command works: one line, whatever the moment."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from people_pictures import write_people
from scored_pictures import make_results
from small_market import make_market

from shared.console import Console
from shared.errors import PoseGanError, UsageError, from_machine
from shared.files import Disk

pytestmark = pytest.mark.slow

QUIET = Console(quiet=True)
MOMENTS = (0.0, 0.35, 0.7, 0.95)
"""Shares of a run's calls to the disk, after which something happens to its folder."""


class Interfered(Disk):
    """A disk on which something happens to a folder at one call.

    Args:
        happens: What happens.
        at: Number of the call; never by default.
    """

    def __init__(self, happens: Callable[[], None], at: int = -1) -> None:
        self.calls = 0
        self._happens = happens
        self._at = at

    def _count(self) -> None:
        self.calls += 1
        if self.calls - 1 == self._at:
            self._happens()

    def create(self, path: Path) -> int:
        self._count()
        return super().create(path)

    def append(self, path: Path) -> int:
        self._count()
        return super().append(path)

    def write(self, descriptor: int, data: memoryview) -> int:
        self._count()
        return super().write(descriptor, data)

    def rename(self, old: Path, new: Path) -> None:
        self._count()
        super().rename(old, new)

    def flush_folder(self, folder: Path) -> None:
        self._count()
        super().flush_folder(folder)


Start = Callable[[Path, Path, Disk], None]


def prep_market(inputs: Path, out: Path, disk: Disk) -> None:
    from preprocess.pipeline import run
    from preprocess.settings import PrepareSettings, RunSettings
    from preprocess.sources.registry import find_source

    market = inputs / "market"
    settings = PrepareSettings(
        src=market / "Market", out=out,
        keypoints=(market / "keypoints.csv",),
        run=RunSettings(workers=1),
    )  # fmt: skip
    run(settings, find_source(settings.src), QUIET, disk=disk)


def draw_market(_: Path, out: Path, disk: Disk) -> None:
    from preprocess.demo.market import DrawSettings, draw_market

    draw_market(DrawSettings(identities=4, images_per_identity=2), out, QUIET, disk=disk)


def eval_gan(inputs: Path, out: Path, disk: Disk) -> None:
    from train.scoring.evaluate import EvalSettings, score

    panels = inputs / "results" / "def-gan"
    score(EvalSettings(out=out, panels=panels, protocols=("l1",), limit=2), QUIET, disk)


def train_reid(inputs: Path, out: Path, disk: Disk) -> None:
    from dataclasses import replace

    from train.reid.lesson import LESSON
    from train.reid.make import make_judge
    from train.reid.settings import ReidSettings

    lesson = replace(LESSON, steps=1, pictures=2)
    make_judge(ReidSettings(src=inputs / "people", out=out, device="cpu"), QUIET, disk, lesson)


def extract_poses(inputs: Path, out: Path, disk: Disk) -> None:
    from preprocess.extract_settings import ExtractSettings
    from preprocess.pose.extraction import extract_poses

    out.mkdir(parents=True, exist_ok=True)
    settings = ExtractSettings(src=inputs / "people", out=out / "p.csv")
    extract_poses(settings, QUIET, open_estimator=lambda *_: NobodyThere(), disk=disk)


class NobodyThere:
    """A pose estimator that finds nobody."""

    key = "nobody"

    def estimate(self, images: Any) -> Any:
        from preprocess.pose.people import empty_people

        return empty_people(len(images))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    make_market(folder / "market", identities=2, images=2)
    make_results(folder / "results", count=2)
    write_people(folder / "people", range(1, 10))
    return folder


def deleted(out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)


def replaced_by_a_file(out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.write_text("somebody's")


def replaced_by_a_link(out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.symlink_to(out.parent / "nowhere")


def emptied(out: Path) -> None:
    for path in out.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("happens", [deleted, replaced_by_a_file, replaced_by_a_link, emptied])
@pytest.mark.parametrize(
    "start", [prep_market, draw_market, eval_gan, train_reid, extract_poses],
)  # fmt: skip
def test_an_output_that_goes_away_is_one_line_and_the_work_can_be_done_again(
    start: Start, happens: Callable[[Path], None], inputs: Path, tmp_path: Path
) -> None:
    whole = Interfered(lambda: None)
    start(inputs, tmp_path / "undisturbed", whole)
    wanted = sorted(path.name for path in (tmp_path / "undisturbed").rglob("*"))
    assert whole.calls > 5
    for moment in MOMENTS:
        out = tmp_path / f"out-{moment}"

        def happen(out: Path = out) -> None:
            happens(out)

        try:
            start(inputs, out, Interfered(happen, at=int(moment * whole.calls)))
        except PoseGanError as error:
            assert "\n" not in error.message and error.exit_code in (2, 5, 6), error.message
        except OSError as error:
            assert from_machine(error) is not None
        if happens is replaced_by_a_file:
            assert out.read_text() == "somebody's"
        if out.is_symlink() or out.is_file():
            out.unlink()
        try:
            start(inputs, out, Disk())
        except UsageError as error:  # what was begun there is lost: it may say so, and how to go on
            assert happens is emptied and "choose another --out" in error.message
            shutil.rmtree(out)
            start(inputs, out, Disk())
        assert sorted(path.name for path in out.rglob("*")) == wanted
