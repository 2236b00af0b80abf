from __future__ import annotations

import errno
from pathlib import Path

import pytest
from disks import FailingDisk

from shared.errors import NoSpaceError, UsageError
from train.run_folder import LOG_NAME
from train.watch.curves import draw_curves, panels_of
from train.watch.logbook import Logbook, open_tensorboard, read_log


class NotedEvents:
    def __init__(self) -> None:
        self.noted: list[tuple[str, float, int]] = []

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        self.noted.append((tag, value, step))

    def close(self) -> None:
        self.noted.append(("closed", 0, 0))


def test_records_come_back_in_order(tmp_path: Path) -> None:
    book = Logbook(tmp_path)
    book.begin(0)
    book.write("status", 8, {"losses": {"l1": 2.5}, "data_wait": 0.25})
    book.write("scores", 16, {"ssim": {"generator": 0.5}})
    first, second = read_log(tmp_path)
    assert first == {"images": 8, "kind": "status", "losses": {"l1": 2.5}, "data_wait": 0.25}
    assert second["kind"] == "scores"


def test_a_resumed_run_drops_what_came_after_its_checkpoint(tmp_path: Path) -> None:
    book = Logbook(tmp_path)
    book.begin(0)
    for images in (8, 16, 24):
        book.write("status", images, {})
    with (tmp_path / LOG_NAME).open("a") as stream:
        stream.write('{"images": 32, "kind": "sta')
    book.begin(16)
    book.write("status", 24, {"again": 1})
    assert [record["images"] for record in read_log(tmp_path)] == [8, 16, 24]
    assert read_log(tmp_path)[-1]["again"] == 1


def test_events_get_every_figure_with_its_group(tmp_path: Path) -> None:
    events = NotedEvents()
    book = Logbook(tmp_path, open_events=lambda _images: events)
    book.begin(0)
    book.write("status", 8, {"losses": {"l1": 2.5}, "data_wait": 0.25})
    book.close()
    assert events.noted == [("losses/l1", 2.5, 8), ("data_wait/value", 0.25, 8), ("closed", 0, 0)]


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_writes_its_file(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="allowed: needs the extra tensorboard")
    events = open_tensorboard(tmp_path, 0)
    events.add_scalar("losses/l1", 2.5, 8)
    events.close()
    assert list((tmp_path / "tensorboard").glob("events.*"))


ODD_LINES = (
    "7", "null", "[1]", '"text"', "{}", "[" * 100_000, '{"images": "8", "kind": "status"}',
    '{"images": true, "kind": "status"}', '{"images": -1, "kind": "status"}',
    '{"images": 8.5, "kind": "status"}', '{"images": 1' + "0" * 400 + ', "kind": "status"}',
    '{"images": 8}', '{"images": 8, "kind": ["status"]}', '{"images": 8, "kind": {}}',
    '{"images": 8, "kind": "status", "losses": 3}',
    '{"images": 8, "kind": "status", "losses": [1]}',
    '{"images": 8, "kind": "status", "losses": {"l1": "many"}}',
    '{"images": 8, "kind": "status", "losses": {"l1": null}}',
    '{"images": 8, "kind": "status", "losses": {"l1": {"deep": 1}}}',
    '{"images": 8, "kind": "status", "speed": {"samples_per_s": 1' + "0" * 400 + "}}",
    '{"images": 8, "kind": "scores", "ssim": {"\\ud800": 1}}',
    '{"images": 8, "kind": "scores", "ssim": {"$\\\\frac$": 1}}',
    '{"images": 8, "kind": "status", "seconds": [[]]}', "\x00\x00", "{" * 50_000,
)  # fmt: skip


@pytest.mark.parametrize("line", ODD_LINES, ids=range(len(ODD_LINES)))
def test_a_line_that_no_run_wrote_does_not_count(tmp_path: Path, line: str) -> None:
    book = Logbook(tmp_path)
    book.begin(0)
    book.write("status", 8, {"losses": {"l1": 2.5}})
    with (tmp_path / LOG_NAME).open("a") as stream:
        stream.write(line + "\n")
    book.write("scores", 16, {"ssim": {"generator": float("nan")}})
    records = read_log(tmp_path)
    assert [record["images"] for record in records] == [8, 16]
    draw_curves(panels_of(records))
    book.begin(16)
    assert len((tmp_path / LOG_NAME).read_text().splitlines()) == 2


def test_a_log_that_is_a_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / LOG_NAME).mkdir()
    with pytest.raises(UsageError, match="the run's log"):
        read_log(tmp_path)


def test_a_full_disk_is_named_and_a_torn_line_is_dropped_later(tmp_path: Path) -> None:
    Logbook(tmp_path).begin(0)
    full = Logbook(tmp_path, disk=FailingDisk(1, errno.ENOSPC))
    with pytest.raises(NoSpaceError, match=r"log\.jsonl"):
        full.write("status", 8, {"losses": {"l1": 2.5}})
    assert (tmp_path / LOG_NAME).stat().st_size > 0
    assert read_log(tmp_path) == []
    book = Logbook(tmp_path)
    book.begin(8)
    book.write("status", 16, {})
    assert [record["images"] for record in read_log(tmp_path)] == [16]


def test_a_folder_that_is_gone_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        Logbook(tmp_path / "gone").write("status", 8, {})
