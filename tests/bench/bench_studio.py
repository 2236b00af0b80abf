"""How quickly the page's picture follows a joint, in a real browser: ``make bench`` prints it.

    python tests/bench/bench_studio.py [MODEL]

A live picture's time runs from the moment that the joint moved to the picture on the canvas; the
first picture's from the start of the page. Between them lies all that a user waits for.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from browsers import browser  # noqa: E402 - after the path
from commands import program  # noqa: E402

MOVES = 40
PAUSE_MS = 120
WRIST = "#pose .joint[data-joint='4']"


def measure(address: str) -> tuple[float, list[float]]:
    """Return seconds to the first picture, and the milliseconds of the live ones."""
    with browser() as started:
        page: Any = started.new_context(viewport={"width": 1280, "height": 900}).new_page()
        begin = time.monotonic()
        page.goto(address)
        page.wait_for_selector("#drawn[data-count]", timeout=60_000)
        first = time.monotonic() - begin
        page.wait_for_timeout(2000)
        page.evaluate("performance.clearMeasures()")
        box = page.locator(WRIST).bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(MOVES):
            page.mouse.move(x - 2 * step, y - 4 * step)
            page.wait_for_timeout(PAUSE_MS)
        page.mouse.up()
        live: list[float] = page.evaluate(
            "performance.getEntriesByName('live picture').map(each => each.duration)"
        )
    return first, live


def main() -> None:
    """Start the server, measure, print one line."""
    model = sys.argv[1] if len(sys.argv) > 1 else "demo"
    line = program("posegan-studio", "--model", model, "--pose-model", "none", "--device", "cpu")
    server = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        said = server.stdout.readline()
        first, live = measure(said.split(": ", 1)[1].strip())
    finally:
        server.terminate()
        server.wait()
    tenth = statistics.quantiles(live, n=10)[-1]
    print(
        f"page to first picture {first:.2f} s; live picture: median "
        f"{statistics.median(live):.0f} ms, 90 % within {tenth:.0f} ms, of {len(live)}"
    )


if __name__ == "__main__":
    main()
