"""The rooms: who may import whom, what help may load, how long a file may be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from command_list import entry_points

PACKAGES = ("shared", "data_manifest", "preprocess", "train")
MAX_LINES = 300

BLOCKED = """
import importlib.abc, sys
class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked}:
            raise ImportError("blocked by the test: " + name)
sys.meta_path.insert(0, Block())
"""


def run_blocked(blocked: tuple[str, ...], code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a Python that cannot import the blocked packages."""
    script = BLOCKED.format(blocked=set(blocked)) + code
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_import_contracts_hold(repository: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("package", ["preprocess", "data_manifest", "train"])
def test_help_loads_no_heavy_library(package: str) -> None:
    places = [place for place in entry_points().values() if place.startswith(package)]
    code = f"""
import importlib
for place in {places}:
    module, _, name = place.partition(":")
    try:
        getattr(importlib.import_module(module), name)(["--help"])
    except SystemExit as end:
        assert not end.code, name
"""
    done = run_blocked(("torch", "ultralytics", "pandas", "h5py", "cv2"), code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Usage:") == len(places) >= 2


@pytest.mark.parametrize("package", PACKAGES)
def test_settings_load_no_heavy_library(package: str) -> None:
    modules = [
        ".".join(path.with_suffix("").parts)
        for path in sorted(Path(package).rglob("*.py"))
        if "settings" in path.as_posix() and path.name != "__init__.py"
    ]
    code = "import importlib\n" + "\n".join(f"importlib.import_module({m!r})" for m in modules)
    done = run_blocked(("torch", "ultralytics", "pandas", "h5py", "cv2"), code)
    assert modules and done.returncode == 0, done.stderr


def test_training_imports_where_ultralytics_and_stage_1_are_absent() -> None:
    modules = [
        ".".join(path.with_suffix("").parts)
        for path in sorted(Path("train").rglob("*.py"))
        if path.name != "__init__.py"
    ]
    code = "import importlib\n" + "\n".join(f"importlib.import_module({m!r})" for m in modules)
    done = run_blocked(("ultralytics", "preprocess", "cv2", "tensorboard"), code)
    assert done.returncode == 0, done.stderr


def test_files_are_short(repository: Path) -> None:
    long = {
        str(path.relative_to(repository)): count
        for package in PACKAGES
        for path in sorted((repository / package).rglob("*.py"))
        if (count := len(path.read_text().splitlines())) > MAX_LINES
    }
    assert not long, f"files over {MAX_LINES} lines: {long}"
