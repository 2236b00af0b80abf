"""Stage 2 on a machine that has nothing but what the README's line for such machines installs.

The libraries of that line, and what these require in turn, are linked into a folder of their own;
a Python that sees this folder and the standard library, and nothing else, imports every module.
"""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from commands import entry_points
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LINE = re.compile(r"^pip install --no-deps \. && pip install (.+)$", re.MULTILINE)
OF_EXTRAS = {f"train/studio/{name}.py" for name in ("app", "guard", "server")}
"""Modules that need an extra; their command says so in one line."""

ROOMS = ("shared", "data_manifest", "train")

IMPORT_ALL = """
import importlib, sys
sys.path[:0] = sys.argv[1:3]
for module in MODULES:
    importlib.import_module(module)
for name, place in COMMANDS.items():
    module, _, function = place.partition(":")
    try:
        getattr(importlib.import_module(module), function)(["--help"], prog_name=name)
    except SystemExit as end:
        assert not end.code, name
assert not [path for path in sys.path if path.endswith("-packages")], sys.path
"""


def requirements_of_the_line(repository: Path) -> list[str]:
    """What the README tells a machine that only trains to install."""
    (found,) = LINE.findall((repository / "README.md").read_text())
    return [str(word).strip("'\"") for word in found.split()]


def with_dependencies(requirements: Iterable[str]) -> dict[str, Distribution]:
    """The installed distributions that pip would install for some requirements, by name."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    todo = [(Requirement(text), "") for text in requirements]
    while todo:
        requirement, extra_of_parent = todo.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra_of_parent}):
            continue
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                found[name] = distribution(name)
            except PackageNotFoundError:
                continue
            todo += [(Requirement(text), extra) for text in found[name].requires or ()]
    return found


def link_distributions(found: Iterable[Distribution], folder: Path) -> None:
    """Link everything that distributions put beside each other into one folder."""
    folder.mkdir()
    for each in found:
        root = Path(str(each.locate_file("")))
        for top in {file.parts[0] for file in each.files or ()} - {"..", "__pycache__"}:
            link = folder / top
            if not link.is_symlink():
                link.symlink_to(root / top)


def modules_of(repository: Path, rooms: Iterable[str]) -> list[str]:
    """Every module of some packages but the programs and what needs an extra."""
    return [
        ".".join(path.relative_to(repository).with_suffix("").parts).removesuffix(".__init__")
        for room in rooms
        for path in sorted((repository / room).rglob("*.py"))
        if path.name != "__main__.py" and path.relative_to(repository).as_posix() not in OF_EXTRAS
    ]


@pytest.mark.process
def test_training_needs_only_what_the_readme_installs(repository: Path, tmp_path: Path) -> None:
    found = with_dependencies(requirements_of_the_line(repository))
    assert not {"ultralytics", "opencv-python", "joblib", "scipy"} & found.keys()
    link_distributions(found.values(), tmp_path / "libraries")
    (tmp_path / "rooms").mkdir()
    for room in ROOMS:
        (tmp_path / "rooms" / room).symlink_to(repository / room)
    commands = {n: place for n, place in entry_points().items() if place.split(".")[0] in ROOMS}
    assert {"train-gan", "eval-gan"} <= commands.keys()
    modules = modules_of(repository, ROOMS)
    code = f"MODULES, COMMANDS = {modules!r}, {commands!r}\n{IMPORT_ALL}"
    paths = [str(tmp_path / "rooms"), str(tmp_path / "libraries")]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", code, *paths],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Usage: ") == len(commands)


def test_everything_that_the_line_names_is_required_by_setup_cfg_too(repository: Path) -> None:
    setup = configparser.ConfigParser()
    setup.read(repository / "setup.cfg")
    lines = setup["options"]["install_requires"].split()
    required = {Requirement(line).name for line in lines}
    named = {Requirement(text).name for text in requirements_of_the_line(repository)}
    assert named <= required
    assert required - named == {"ultralytics", "joblib"}
