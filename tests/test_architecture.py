"""The rooms: who may import whom, how long a file may be."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = ("shared", "data_manifest", "preprocess", "train")
MAX_LINES = 300

PRIVATE = {
    "train/metrics/deep.py": {"torchmetrics.functional.image.lpips._NoTrainLpips"},
    # Python's own unpickler in Python: the only one whose steps can be watched.
    "preprocess/pose/weight_scan.py": {"pickle._Unpickler", "pickle._Unpickler.dispatch"},
}
"""Private names of other libraries that a file may use, as there is no public way."""

DOCUMENTED = {"os._exit"}
"""Names that look private and are not."""


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


def private_names(text: str) -> Iterator[str]:
    """Yield the private names of other libraries that a module imports or reaches for."""
    tree = ast.parse(text)
    libraries: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [
                (alias.asname or alias.name.partition(".")[0], alias.name) for alias in node.names
            ]
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            found = [(a.asname or a.name, f"{node.module}.{a.name}") for a in node.names]
        else:
            continue
        libraries.update({short: whole for short, whole in found if not is_own(whole)})
        yield from (whole for _, whole in found if is_private(whole) and not is_own(whole))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            root, _, rest = ast.unparse(node).partition(".")
            if root in libraries and re.fullmatch(r"[\w.]+", rest) and is_private(rest):
                whole = f"{libraries[root]}.{rest}"
                yield from {whole} - DOCUMENTED


def is_own(name: str) -> bool:
    return name.partition(".")[0] in PACKAGES


def is_private(name: str) -> bool:
    return any(part.startswith("_") and not part.endswith("__") for part in name.split("."))


def test_no_private_name_of_another_library_is_used(repository: Path) -> None:
    used = {
        str(path.relative_to(repository)): found
        for package in PACKAGES
        for path in sorted((repository / package).rglob("*.py"))
        if (found := set(private_names(path.read_text())))
    }
    assert used == PRIVATE


@pytest.mark.parametrize(
    "text",
    [
        "from torch._C import x",
        "import torch._dynamo",
        "import torch\ntorch._foreach_add_([], 1)",
        "from torch import nn\nnn.functional._verify(3)",
        "import os as system\nsystem._wrap_close",
    ],
)
def test_private_names_are_seen(text: str) -> None:
    assert list(private_names(text))


def test_public_names_and_own_private_ones_are_not_taken_for_private() -> None:
    text = "import torch\nfrom shared import files\nfiles._forget\ntorch.__version__\nself._x"
    assert list(private_names(text)) == []


def test_every_file_of_commands_is_one_command_of_the_package(repository: Path) -> None:
    setup = configparser.ConfigParser()
    setup.read(repository / "setup.cfg")
    scripts = setup["options.entry_points"]["console_scripts"].split("\n")
    installed = {line.partition(" = ")[2] for line in scripts if line}
    decorated = re.compile(r"^@command\(.*\n(?:[^d].*\n)*def (\w+)", re.MULTILINE)
    files = [path for package in PACKAGES for path in (repository / package).rglob("commands/*.py")]
    found = {}
    for path in files:
        if path.name != "__init__.py":
            module = ".".join(path.relative_to(repository).with_suffix("").parts)
            found[module] = decorated.findall(path.read_text())
    assert {module: len(names) for module, names in found.items()} == dict.fromkeys(found, 1)
    assert {f"{module}:{names[0]}" for module, names in found.items()} == installed


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
