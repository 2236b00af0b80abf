"""Every command of the README is run as it stands, in its order, as a newcomer would type them.

The folder that the README calls ``Market-1501`` is drawn; what would take a GPU, a download or
hours is cut short by the additions below, each of which only makes a run smaller.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

FENCE = re.compile(r"^```(bash|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)

NOT_RUN = {
    "git clone": "needs the network",
    "cd posegan": "the clone's folder",
    "python3 -m venv": "the environment is there already",
    "pip install": "the environment is there already; other tests install anew",
    "make ": "is what runs this test, or takes minutes",
    "python -m preprocess.demo.pose_training": "takes an hour; a small one has a test",
    "export-generator runs/demo --out my-graph": "takes a minute; the slow lane has it",
    "share-generator": "needs a hub; tests/train/share has one that stands in for it",
    "eval-gan --run runs/demo --shards shards/ --reid": "needs minutes; the slow lane has it",
}
"""Commands that this test leaves out, by their beginning, and why."""

SMALLER = {
    "prep-market --src Market-1501 --out shards": "--pose-model demo",
    "prep-market --config prep.toml": "--pose-model demo",
    "train-gan --shards shards/ --preset demo": "--max-images 16",
    "torchrun": "--features pixels --channels 2 --max-images 4 --device cpu",
    "train-gan --shards shards": "--features pixels --channels 2 --max-images 4",
    "eval-gan --run": "--limit 12",
    "train-reid": "--dry-run",
    "extract-poses --src drawn/query": "--idle 1",
    "posegan-studio": "--dry-run",
}
"""What is added to commands, by their beginning; the first that fits."""


def fenced(repository: Path) -> list[tuple[str, str]]:
    """Return the (language, command or program) of the README, in order."""
    found = []
    for language, text in FENCE.findall((repository / "README.md").read_text()):
        if language == "python":
            found.append((language, text))
            continue
        lines = text.replace("\\\n", " ").splitlines()
        found += [(language, " ".join(line.split())) for line in lines if line.strip()]
    return found


def to_run(repository: Path) -> list[tuple[str, str]]:
    """Return what the test runs, made smaller where a table above says so."""
    chosen = []
    for language, text in fenced(repository):
        if language == "python":
            chosen.append((language, text))
        elif not any(text.startswith(beginning) for beginning in NOT_RUN):
            chosen.append((language, smaller(text)))
    return chosen


def smaller(command: str) -> str:
    """Drop the comment and add what makes the command smaller."""
    bare = command.partition("#")[0].strip()
    fitting = [more for beginning, more in SMALLER.items() if bare.startswith(beginning)]
    return bare if not fitting or "--keypoints" in bare else f"{bare} {fitting[0]}"


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the README takes for given: a data set, annotations, some results."""
    folder = tmp_path_factory.mktemp("newcomer")
    draw = "draw-market --out Market-1501 --identities 16 --images-per-identity 6 --seed 7"
    done = shell(draw, folder)
    assert done.returncode == 0, done.stderr
    for split in ("train", "test"):
        source = folder / "Market-1501" / f"keypoints-{split}.csv"
        shutil.copy(source, folder / f"market-annotation-{split}.csv")
    images = sorted((folder / "Market-1501" / "bounding_box_test").glob("0*_c*.jpg"))
    images = [path for path in images if not path.name.startswith("0000")][:6]
    for name in ("results", "real", "def-gan-results"):
        (folder / name).mkdir()
    for source, target in itertools.pairwise(images):
        shutil.copy(target, folder / "real")
        shutil.copy(source, folder / "results" / target.name)
        panel = Image.new("RGB", (192, 128))
        for place, path in enumerate((source, target, source)):
            panel.paste(Image.open(path), (64 * place, 0))
        panel.save(folder / "def-gan-results" / f"{source.name}_{target.name}.png")
    return folder


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with the environment's programs first and no network."""
    programs = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": programs + os.pathsep + os.environ["PATH"],
        "YOLO_OFFLINE": "true",
    }
    return subprocess.run(
        command,
        cwd=folder,
        shell=True,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_command_of_the_readme_runs(newcomer: Path, repository: Path) -> None:
    for language, text in to_run(repository):
        (newcomer / "program.py").write_text(text)
        done = shell("python program.py" if language == "python" else text, newcomer)
        assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def test_every_exception_of_this_test_is_in_the_readme(repository: Path) -> None:
    texts = [text for _, text in fenced(repository)]
    assert len(texts) >= 15
    for beginning in (*NOT_RUN, *SMALLER):
        assert any(text.startswith(beginning) for text in texts), beginning


def test_the_readme_opens_with_the_demo_and_the_tests(repository: Path) -> None:
    opening = [text for _, text in fenced(repository)][:4]
    assert [text for text in opening if text.startswith("make ")] == ["make demo", "make test"]


def test_every_target_that_the_readme_names_is_in_the_makefile(repository: Path) -> None:
    named = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(t for _, t in fenced(repository))))
    targets = re.findall(r"^([a-z-]+):", (repository / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "quick", "test", "check"} <= named <= set(targets)


def test_links_of_the_readme_lead_somewhere(repository: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", (repository / "README.md").read_text())
    assert [link for link in links if not (repository / link).exists()] == []
