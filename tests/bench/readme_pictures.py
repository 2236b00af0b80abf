"""Make the README's pictures in ``.github/pictures`` from what ``make demo`` leaves.

    python tests/bench/readme_pictures.py demo

Nothing in them shows a real person. ``page.jpg`` needs Chromium.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from browsers import browser  # noqa: E402 - after the path
from commands import program  # noqa: E402
from PIL import Image, ImageSequence  # noqa: E402

PICTURES = Path(__file__).resolve().parents[2] / ".github" / "pictures"
SHEET_ROWS = 6
SCALE = 2
MAX_BYTES = 1_000_000
WRIST = "#pose .joint[data-joint='4']"


def sheet(demo: Path) -> Image.Image:
    """The first rows of the newest sample sheet: source, poses, drawn, target."""
    newest = sorted((demo / "run" / "sheets").glob("*.png"))[-1]
    with Image.open(newest) as picture:
        whole = picture.convert("RGB")
    heading = 32
    row = (whole.height - heading) // 8
    return whole.crop((0, 0, whole.width, heading + SHEET_ROWS * row))


def walks(demo: Path) -> list[Image.Image]:
    """The walks of ``make demo`` beside each other, frame by frame."""
    files = sorted((demo / "walk").glob("*.webp"))
    people = []
    for file in files:
        with Image.open(file) as animation:
            people.append([frame.convert("RGB") for frame in ImageSequence.Iterator(animation)])
    width, height = (SCALE * side for side in people[0][0].size)
    frames = []
    for moment in zip(*people, strict=True):
        frame = Image.new("RGB", (width * len(moment), height))
        for column, picture in enumerate(moment):
            frame.paste(
                picture.resize((width, height), Image.Resampling.BICUBIC), (column * width, 0)
            )
        frames.append(frame)
    return frames


def page(target: Path) -> None:
    """A screenshot of the page, after a wrist was dragged upwards."""
    line = program("posegan-studio", "--model", "demo", "--pose-model", "none", "--device", "cpu")
    server = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split(": ", 1)[1].strip()
        with browser() as started:
            shown: Any = started.new_context(viewport={"width": 1280, "height": 800}).new_page()
            shown.goto(address)
            shown.wait_for_selector("#drawn[data-count]", timeout=60_000)
            box = shown.locator(WRIST).bounding_box()
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            shown.mouse.move(x, y)
            shown.mouse.down()
            for step in range(12):
                shown.mouse.move(x - 4 * step, y - 9 * step)
                shown.wait_for_timeout(100)
            shown.mouse.up()
            shown.wait_for_timeout(5_000)
            shown.screenshot(path=str(target), type="jpeg", quality=80)
    finally:
        server.terminate()
        server.wait()


def main(arguments: Sequence[str]) -> None:
    """Write the pictures and say how large they are."""
    demo = Path(arguments[0])
    PICTURES.mkdir(parents=True, exist_ok=True)
    sheet(demo).save(PICTURES / "sheet.jpg", quality=85)
    first, *more = walks(demo)
    first.save(
        PICTURES / "walk.webp", save_all=True, append_images=more, duration=125, loop=0, quality=80
    )
    page(PICTURES / "page.jpg")
    sizes = {path.name: path.stat().st_size for path in sorted(PICTURES.iterdir())}
    print(sizes)
    assert sum(sizes.values()) <= MAX_BYTES


if __name__ == "__main__":
    main(sys.argv[1:])
