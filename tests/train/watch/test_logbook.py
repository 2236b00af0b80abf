from __future__ import annotations

from pathlib import Path

import pytest

from train.watch.logbook import LOG_NAME, Logbook, open_tensorboard, read_log


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
