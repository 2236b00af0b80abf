"""What the three documents name exists: paths, names in files, modules, targets, commands.

Convention of the documents:
    A path stands in backticks, a folder with a slash at its end; ``path:name`` is a name that the
    file defines. A section that lists what to do in five lines has five.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from commands import entry_points

from shared.declaration import Declaration

DOCUMENTS = ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
PACKAGES = ("shared", "data_manifest", "preprocess", "train", "tests")
ENDINGS = (".py", ".md", ".toml", ".cfg", ".yml")

CODE = re.compile(r"`([^`]+)`")
PATH = re.compile(r"[\w.-]+(/[\w.-]+)*/?")
MODULE = re.compile(rf"(?<![\w/-])(?:{'|'.join(PACKAGES)})(?:\.\w+)+")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
GONE = {"preprocess.demo_pose"}
"""Modules that the changes name because they are no more."""


def quoted(text: str) -> list[str]:
    """Return what stands in backticks, on one line each."""
    return [" ".join(found.split()) for found in CODE.findall(FENCE.sub("", text))]


def missing_paths(text: str, root: Path) -> list[str]:
    """Return the paths, and the names in files, that do not exist."""
    words = [word for word in quoted(text) if PATH.fullmatch(word.partition(":")[0])]
    paths = [word for word in words if "/" in word or word.partition(":")[0].endswith(ENDINGS)]
    return [word for word in paths if not is_there(word, root)]


def is_there(word: str, root: Path) -> bool:
    """Tell whether a path exists, and defines the name after its colon."""
    path, _, name = word.partition(":")
    if not (root / path).exists() and "/" not in path.rstrip("/"):
        return any(root.glob(f"[!.]*/**/{path}"))  # a name alone: some file or folder of the tree
    if path.endswith("/") and not (root / path).is_dir():
        return False
    return (root / path).exists() and (not name or name in defined((root / path).read_text()))


def missing_modules(text: str, root: Path) -> list[str]:
    """Return the dotted modules that do not exist."""
    missing = []
    for module in set(MODULE.findall(text)) - GONE:
        place = root.joinpath(*module.split("."))
        if not (place.with_suffix(".py").exists() or place.is_dir()):
            missing.append(module)
    return missing


def defined(source: str) -> set[str]:
    """Return the names that a module defines itself."""
    names = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_and_every_name_in_a_file_exists(document: str, repository: Path) -> None:
    text = (repository / document).read_text()
    assert sum("/" in word for word in quoted(text)) > 5
    assert missing_paths(text, repository) == []


@pytest.mark.parametrize("document", (*DOCUMENTS, "README.md"))
def test_every_module_exists(document: str, repository: Path) -> None:
    assert missing_modules((repository / document).read_text(), repository) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_target_and_every_command_exists(document: str, repository: Path) -> None:
    text = (repository / document).read_text()
    targets = re.findall(r"^([a-z-]+):", (repository / "Makefile").read_text(), re.MULTILINE)
    in_code = " ".join(quoted(text) + FENCE.findall(text))
    assert set(re.findall(r"\bmake ([a-z-]+)", in_code)) <= set(targets)
    called = {word for word in quoted(text) if re.fullmatch(r"[a-z]+-[a-z]+", word)}
    assert called <= set(entry_points())


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str, repository: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", (repository / document).read_text())
    assert [link for link in links if not (repository / link).exists()] == []


def test_every_seam_names_where_it_plugs_in_its_first_user_and_its_test(repository: Path) -> None:
    text = (repository / "ARCHITECTURE.md").read_text()
    section = text.partition("## Seams")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    assert len(rows) >= 12
    for seam, place, user, test in rows[1:]:
        assert ":" in place and user.strip(), seam
        assert re.fullmatch(r"\s*`tests/.+\.py`\s*", test), seam


def test_how_to_add_something_takes_five_steps(repository: Path) -> None:
    text = (repository / "CONTRIBUTING.md").read_text().partition("## How to add")[2]
    sections = text.split("\n### ")[1:]
    names = {section.partition("\n")[0].split()[-1] for section in sections}
    wanted = {"data", "skip", "discriminator", "loss", "metric", "preset", "command", "file"}
    assert names == wanted
    for section in sections:
        assert re.findall(r"^(\d)\.", section, re.MULTILINE) == list("12345"), section


def test_what_declarations_are_said_to_take_they_take(repository: Path) -> None:
    text = (repository / "CONTRIBUTING.md").read_text()
    assert "`since`" in text and "since" in Declaration.__dataclass_fields__


def test_what_does_not_exist_is_found(repository: Path) -> None:
    text = (
        "`train/nets/kinds.py:SKIPS` `train/nowhere.py` `train/nets/kinds.py:ROOFS` `commands/` "
        "`shared/files/` "
        "`nothing_of_that_name.py` `test_golden.py` train.loop train.attic"
    )
    assert missing_paths(text, repository) == [
        "train/nowhere.py",
        "train/nets/kinds.py:ROOFS",
        "shared/files/",
        "nothing_of_that_name.py",
    ]
    assert missing_modules(text, repository) == ["train.attic"]
