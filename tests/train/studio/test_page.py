"""The command as a process, and its page in a real browser."""

from __future__ import annotations

import base64
import io
import json
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import browser
from commands import call, program
from drawn_shards import publish_shards
from PIL import Image
from training_runs import small_settings, train

from shared.skeleton_file import read_skeleton

pytestmark = [pytest.mark.process, pytest.mark.slow]

START_S = 240
WAIT_MS = 60_000
DRAWN = "#drawn"


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("shards"), size=(128, 64), train_shards=1)


@pytest.fixture(scope="module")
def run(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    train(small_settings(shards, preset="demo", channels=8, max_images=16), shards, out)
    return out


@pytest.fixture(scope="module")
def server(run: Path, shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("served")
    line = program(
        "posegan-studio",
        "--model",
        run,
        "--shards",
        shards,
        "--pose-model",
        "none",
        "--device",
        "cpu",
    )
    process = subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    found = re.fullmatch(r"the page: (http://127\.0\.0\.1:\d+/[\w-]{16}/)\n", said)
    try:
        assert found, said
        yield found[1]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors and errors.splitlines()[-1] == "closed"
    finally:
        process.kill()
        process.wait()
    assert not list(folder.iterdir())


@pytest.fixture(scope="module")
def started() -> Iterator[Any]:
    with browser() as found:
        yield found


@pytest.fixture
def page(started: Any, server: str) -> Iterator[Any]:
    context = started.new_context(viewport={"width": 1200, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    foreign: list[str] = []
    opened.on("request", lambda each: foreign.append(each.url))
    opened.goto(server)
    opened.wait_for_selector(f"{DRAWN}[data-live='false']", timeout=WAIT_MS)
    yield opened
    context.close()
    assert not faults
    own = server.split("/", 3)[2]
    assert not [url for url in foreign if own not in url and not url.startswith("blob:")]


def pixels(page: Any) -> bytes:
    page.wait_for_selector(f"{DRAWN}[data-live='false']", timeout=WAIT_MS)
    found: str = page.evaluate("document.querySelector('#drawn').toDataURL()")
    return found.encode()


def count(page: Any) -> int:
    return int(page.get_attribute(DRAWN, "data-count"))


def next_picture(page: Any, before: int) -> None:
    """Wait until something newer was drawn, in full."""
    for _ in range(WAIT_MS // 100):
        if count(page) > before + 1 and page.get_attribute(DRAWN, "data-live") == "false":
            return
        page.wait_for_timeout(100)
    pytest.fail("no new picture")


def joint(page: Any, number: int) -> Any:
    return page.locator(f"#pose .joint[data-joint='{number}']")


def centre(node: Any) -> tuple[float, float]:
    box = node.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_dragging_a_joint_changes_the_picture_live(page: Any) -> None:
    before, drawn = pixels(page), count(page)
    x, y = centre(joint(page, 10))
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 13):
        page.mouse.move(x - 8 * step, y - 6 * step)
        page.wait_for_timeout(40)
    while_held = count(page)
    page.mouse.up()
    next_picture(page, drawn)
    assert while_held > drawn
    assert pixels(page) != before
    taken = page.evaluate("performance.getEntriesByName('live picture').map(e => e.duration)")
    assert len(taken) >= 2  # how quick it is depends on the machine: tests/bench says it


def test_keys_move_a_joint_take_it_out_and_put_it_back(page: Any) -> None:
    before, drawn = pixels(page), count(page)
    wrist = joint(page, 4)
    wrist.focus()
    label = wrist.get_attribute("aria-label")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowUp")
    next_picture(page, drawn)
    assert wrist.get_attribute("aria-label") != label
    moved, drawn = pixels(page), count(page)
    page.keyboard.press("Delete")
    next_picture(page, drawn)
    assert wrist.get_attribute("aria-label") == "right wrist, not there"
    page.keyboard.press("Delete")
    assert "right wrist, at " in wrist.get_attribute("aria-label")
    for _ in range(6):
        page.keyboard.press("Control+z")
    page.wait_for_timeout(500)
    assert wrist.get_attribute("aria-label") == label
    assert moved != before


def test_hips_and_shoulders_stay(page: Any) -> None:
    joint(page, 2).focus()
    page.keyboard.press("Delete")
    assert "must stay" in page.inner_text("#status")
    assert "not there" not in joint(page, 2).get_attribute("aria-label")


def test_every_control_has_a_name(page: Any) -> None:
    for control in page.query_selector_all("button, input, .joint, .whole, svg[role], canvas"):
        name = control.get_attribute("aria-label") or control.inner_text()
        assert name.strip() or control.get_attribute("id") == "file"
    assert page.get_by_label("Choose a photo").count() == 1


def test_a_photo_is_dropped_and_drawn_and_a_file_that_is_none_is_told(
    page: Any, tmp_path: Path
) -> None:
    rng = np.random.default_rng(3)
    Image.fromarray(rng.integers(0, 256, (300, 200, 3), np.uint8)).save(tmp_path / "photo.png")
    drawn = count(page)
    page.set_input_files("#file", tmp_path / "photo.png")
    next_picture(page, drawn)
    assert "photo.png, 200 × 300" in page.inner_text("#person-note")
    (tmp_path / "evil.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n")
    page.set_input_files("#file", tmp_path / "evil.png")
    page.wait_for_selector("#status.bad")
    assert page.inner_text("#status").startswith("photo: expected a picture, found not an image")


def test_what_is_saved_is_what_is_shown(page: Any, tmp_path: Path) -> None:
    with page.expect_download() as picture:
        page.click("#save-picture")
    saved = np.asarray(Image.open(picture.value.path()))
    size = page.evaluate(
        "[document.querySelector('#drawn').height, document.querySelector('#drawn').width]"
    )
    assert list(saved.shape[:2]) == size and saved.std() > 0
    with page.expect_download() as pose:
        page.click("#save-pose")
    pose.value.save_as(tmp_path / "pose.json")
    assert np.isfinite(read_skeleton(tmp_path / "pose.json").joints).any()


def test_the_command_that_is_shown_draws_the_same_picture(page: Any, tmp_path: Path) -> None:
    page.click("#repeat")
    page.wait_for_selector("#command:not(:empty)")
    files: list[Any] = []
    page.on("download", lambda each: files.append(each))  # noqa: PLW0108 - it marks its handlers
    page.click("#save-files")
    for _ in range(100):
        page.wait_for_timeout(100)
        if len(files) == 3:
            break
    for each in files:
        each.save_as(tmp_path / each.suggested_filename)
    words = page.inner_text("#command").split()
    assert words[0] == "repose" and len(files) == 3
    words = [str(tmp_path / word) if (tmp_path / word).exists() else word for word in words[1:-1]]
    done = call("repose", *words, tmp_path / "reposed", "--device", "cpu")
    assert done.exit_code == 0, done.stderr
    (drawn,) = (tmp_path / "reposed").glob("*_to_*.png")
    data = page.evaluate("document.querySelector('#drawn').toDataURL().split(',')[1]")
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"), int)
    again = np.asarray(Image.open(drawn).convert("RGB"), int)
    assert shown.shape == again.shape
    assert np.abs(shown - again).max() <= 1


def test_the_page_fits_a_narrow_screen_and_fingers(started: Any, server: str) -> None:
    context = started.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, color_scheme="dark"
    )
    page = context.new_page()
    page.goto(server)
    page.wait_for_selector(f"{DRAWN}[data-live='false']", timeout=WAIT_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    pose, drawn = (page.locator(each).bounding_box() for each in ("#pose", DRAWN))
    assert pose["x"] + pose["width"] <= drawn["x"] and abs(pose["y"] - drawn["y"]) < 4
    assert all(each["width"] >= 140 for each in (pose, drawn))
    context.close()


def test_other_hosts_and_other_words_get_nothing(server: str) -> None:
    home, word = server.rstrip("/").rsplit("/", 1)
    for address, headers, code in (
        (server, {"Host": "evil.example"}, 403),
        (f"{home}/", {}, 404),
        (f"{home}/{word[:-1]}{'x' if word[-1] != 'x' else 'y'}/", {}, 404),
    ):
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(urllib.request.Request(address, headers=headers))
        assert error.value.code == code
    facts = json.loads(urllib.request.urlopen(f"{server}facts").read())
    assert facts["imageSize"] == [128, 64] and facts["hasShards"]


def test_a_port_that_is_taken_is_told_in_one_line(run: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = call("posegan-studio", "--model", run, "--port", port)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: --port: expected a port that is free, found {port}: ")
    assert len(done.stderr.splitlines()) == 1
