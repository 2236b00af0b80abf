"""How soon after a picture appears its row is there: ``extract-poses --watch``, demo weights.

    python tests/bench/bench_watch.py [PICTURES]

The time runs from the moment that a file is renamed into the folder to the moment that a reader
finds its row. The pictures are drawn people, 128 x 64 and 400 x 200.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from commands import program  # noqa: E402 - after the path

from data_manifest.published_files import read_keypoints  # noqa: E402

SIZES = ("128x64", "400x200")
PAUSE_S = 0.2


def measure(folder: Path, size: str, count: int) -> list[float]:
    """Return the milliseconds of each picture."""
    words = ("--size", size, "--identities", "4", "--workers", "1")
    draw = program("draw-market", "--out", folder / size, *words)
    subprocess.run(draw, check=True, capture_output=True)
    pictures = sorted((folder / size / "bounding_box_train").glob("*.jpg"))[:count]
    camera, out = folder / f"camera-{size}", folder / f"{size}.csv"
    camera.mkdir()
    line = ("--src", camera, "--out", out, "--pose-model", "demo", "--watch")
    watch = subprocess.Popen(
        program("extract-poses", *line), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert watch.stdout is not None
        watch.stdout.readline()
        took = []
        for number, picture in enumerate(pictures):
            begin = time.monotonic()
            picture.rename(camera / f"{number}.jpg")
            while len(read_keypoints(out)) <= number:
                time.sleep(0.002)
            took.append(1000 * (time.monotonic() - begin))
            time.sleep(PAUSE_S)
    finally:
        watch.terminate()
        watch.wait()
    return took


def main() -> None:
    """Measure both sizes, print a line each."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            took = measure(Path(folder), size, count)
        print(
            f"{size}: file to row, median {statistics.median(took):.0f} ms, most "
            f"{max(took):.0f} ms, the first {took[0]:.0f} ms, of {len(took)} pictures"
        )


if __name__ == "__main__":
    main()
