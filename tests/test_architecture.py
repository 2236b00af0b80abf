"""The rooms: who may import whom, how long a file may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("shared", "data_manifest", "preprocess", "train")
MAX_LINES = 300


@pytest.mark.process
def test_import_contracts_hold(repository: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.process
def test_settings_load_no_heavy_library() -> None:
    modules = [
        ".".join(path.with_suffix("").parts)
        for package in PACKAGES
        for path in sorted(Path(package).rglob("*.py"))
        if "settings" in path.as_posix() and path.name != "__init__.py"
    ]
    code = "import importlib, sys\n" + "\n".join(f"importlib.import_module({m!r})" for m in modules)
    code += "\nassert not {'torch', 'ultralytics', 'pandas', 'h5py', 'cv2'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert len(modules) > 8 and done.returncode == 0, done.stderr


def test_files_are_short(repository: Path) -> None:
    long = {
        str(path.relative_to(repository)): count
        for package in PACKAGES
        for path in sorted((repository / package).rglob("*.py"))
        if (count := len(path.read_text().splitlines())) > MAX_LINES
    }
    assert not long, f"files over {MAX_LINES} lines: {long}"


def test_the_workflow_runs_what_developers_run_on_the_oldest_python(repository: Path) -> None:
    workflow = (repository / ".github" / "workflows" / "check.yml").read_text()
    versions = re.findall(r'"(3\.\d+)"', workflow)
    (oldest,) = re.findall(r"python_requires = >=(.+)", (repository / "setup.cfg").read_text())
    assert len(versions) == 2 and versions[0] == oldest
    assert "run: .ci/run" in workflow


def test_pictures_are_opened_at_one_door_only(repository: Path) -> None:
    doors = [
        f"{path.relative_to(repository)}:{node.lineno}"
        for package in PACKAGES
        for path in sorted((repository / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and _opens_pictures(node.func)
    ]
    assert [door.partition(":")[0] for door in doors] == ["shared/pictures.py"], doors


def _opens_pictures(called: ast.expr) -> bool:
    """Whether it is ``Image.open``, by whatever name the module goes, or another library's."""
    return isinstance(called, ast.Attribute) and (
        called.attr in ("imread", "imdecode")
        or (called.attr == "open" and ast.unparse(called.value).rpartition(".")[2] == "Image")
    )
