"""Everything that wants a GPU, in eight minutes: tests, speed, two generators trained and scored.

    python3 tests/bench/bench_gpu.py [--minutes 8] [--out tests/bench/results] [--wheels DIR]
    python3 tests/bench/bench_gpu.py --device cpu --minutes 2      # tries the program itself

It installs nothing and needs no network. It needs what training needs, and joblib; a package that
is missing is named in one line. Such packages may be brought along: ``--wheels DIR`` names a folder
of wheels (they are unpacked beside each other) or of unpacked packages; so does ``PYTHONPATH``.

Every part has its share of the time. A part that fails is recorded with its traceback and the
others go on; ``gpu.json`` is written anew after each, beside a sheet of samples of each preset.
Exit codes: 0 all parts done, 1 some failed, 2 packages or the device are missing.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
NEEDED = (
    "click", "cloudpickle", "h5py", "joblib", "matplotlib", "numpy", "packaging", "pandas", "PIL",
    "pydantic", "pytest", "rich", "safetensors", "torch", "torchvision",
)  # fmt: skip


class Budget:
    """The time of the whole program, and what each part may take of it.

    Args:
        seconds: In all.
        reserve_s: Kept for writing the results.
    """

    def __init__(self, seconds: float, reserve_s: float = 8.0) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds - reserve_s

    @property
    def left(self) -> float:
        """Seconds that parts may still take."""
        return max(0.0, self._end - time.monotonic())

    def at_most(self, seconds: float) -> float:
        """Seconds for a part that asks for so many."""
        return min(seconds, self.left)


class Results:
    """What the parts found, written after each of them.

    Args:
        folder: Where ``gpu.json`` and the sheets go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.content: dict[str, Any] = {"parts": {}}
        self.failed: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, name: str, part: Callable[[], Any]) -> Any:
        """Run a part; return what it found, or None where it failed."""
        begin, found = time.monotonic(), None
        print(f"== {name}", flush=True)
        entry: dict[str, Any] = {}
        try:
            found = part()
            entry["found"] = found
        except Exception as error:
            entry["error"] = traceback.format_exc()
            self.failed.append(name)
            print(f"failed: {type(error).__name__}: {error}", flush=True)
        entry["seconds"] = round(time.monotonic() - begin, 2)
        self.content["parts"][name] = entry
        self.write()
        return found

    def write(self) -> None:
        """Write ``gpu.json``; a reader sees the old one or the new one."""
        path = self.folder / "gpu.json"
        text = json.dumps(self.content, indent=1, default=str)
        path.with_suffix(".tmp").write_text(text + "\n")
        path.with_suffix(".tmp").replace(path)


def use_wheels(folder: Path) -> None:
    """Let this process and those that it starts import what a folder holds."""
    places = [folder]
    wheels = sorted(folder.glob("*.whl"))
    if wheels:
        unpacked = Path(tempfile.mkdtemp(prefix="wheels-"))
        for wheel in wheels:
            zipfile.ZipFile(wheel).extractall(unpacked)
        places = [unpacked]
    _add_paths(places)


def _add_paths(places: list[Path]) -> None:
    names = [str(place.resolve()) for place in places]
    sys.path[:0] = names
    kept = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([*names, *([kept] if kept else [])])


def missing_packages() -> list[str]:
    """Name the packages that cannot be found; none of them is imported."""
    names = {"PIL": "pillow"}
    return [names.get(name, name) for name in NEEDED if not _is_there(name)]


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def call(command: list[str], seconds: float, log: Path, **environment: str) -> None:
    """Run a program for so long at most.

    Raises:
        RuntimeError: It failed or took too long; with the end of what it said.
    """
    with log.open("w") as out:
        try:
            done = subprocess.run(
                command, stdout=out, stderr=subprocess.STDOUT, check=False, timeout=seconds,
                cwd=REPOSITORY, env={**os.environ, **environment},
            )  # fmt: skip
            code: object = done.returncode
        except subprocess.TimeoutExpired:
            code = f"no end within {seconds:.0f} s"
    if code != 0:
        said = log.read_text(errors="replace")[-3000:]
        raise RuntimeError(f"{' '.join(command[-8:])}: {code}\n{said}")


def main() -> int:
    """Run the parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    parser.add_argument("--wheels", type=Path)
    given = parser.parse_args()
    budget = Budget(60 * given.minutes)
    if given.wheels:
        use_wheels(given.wheels)
    missing = missing_packages()
    if missing:
        print(f"bench-gpu: missing {', '.join(missing)}; see --wheels", file=sys.stderr)
        return 2
    _add_paths([REPOSITORY, REPOSITORY / "tests", HERE])
    import torch
    from gpu_parts import Parts

    if given.device == "cuda" and not torch.cuda.is_available():
        print("bench-gpu: no CUDA device; --device cpu tries the program", file=sys.stderr)
        return 2
    results = Results(given.out.resolve())
    with tempfile.TemporaryDirectory(prefix="bench-gpu-") as work:
        Parts(torch.device(given.device), budget, results, Path(work), call).run()
    print(f"{results.folder / 'gpu.json'}; failed: {', '.join(results.failed) or 'nothing'}")
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
