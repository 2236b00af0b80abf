from __future__ import annotations

import configparser
import subprocess
from pathlib import Path

import pytest
import torch  # noqa: F401 - here and not in a test: its first import may ask ldconfig
from commands import program
from packaging.requirements import Requirement

from data_manifest import doctor
from shared.errors import UsageError
from shared.provenance import version_of
from shared.weights import WEIGHTS

WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ImportError("No module named " + name)
sys.meta_path.insert(0, Absent())
"""


def sections(folder: Path) -> dict[str, dict[str, str]]:
    return {section.title: dict(section.lines) for section in doctor.examine(folder)}


def test_it_tells_versions_of_all_requirements(tmp_path: Path, repository: Path):
    software = sections(tmp_path)["Software"]
    setup = configparser.ConfigParser()
    setup.read(repository / "setup.cfg")
    for line in setup["options"]["install_requires"].split():
        name = line.partition(">")[0].partition("[")[0]
        assert software[name].startswith(version_of(name) or "missing")


def test_every_extra_is_explained(repository: Path):
    setup = configparser.ConfigParser()
    setup.read(repository / "setup.cfg")
    assert set(doctor.EXTRAS) == set(setup["options.extras_require"])


def test_missing_weights_come_with_the_way_to_get_them(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("POSEGAN_CACHE", str(tmp_path / "cache"))
    weights = sections(tmp_path)["Weight files"]
    vgg = weights["vgg19-dcbb9e9d.pth"]
    assert "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth" in vgg
    assert str(tmp_path / "torch" / "hub" / "checkpoints") in vgg
    assert "--pose-model FILE" in weights["yolo26n-pose.pt"]


def test_weights_that_are_there_are_present(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("POSEGAN_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "alexnet-owt-7be5be79.pth").touch()
    for path in (
        tmp_path / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth",
        tmp_path / "posegan" / "weights" / "yolo26n-pose.pt",
    ):
        path.parent.mkdir(parents=True)
        path.touch()
    weights = dict(doctor.examine(tmp_path, tmp_path)[3].lines)
    assert weights["alexnet-owt-7be5be79.pth"].endswith(": present")
    assert weights["vgg19-dcbb9e9d.pth"].endswith(": present")
    assert weights["yolo26n-pose.pt"].endswith(": present")


def test_weights_are_looked_for_where_the_stages_look(monkeypatch, tmp_path: Path):
    from preprocess.pose.weight_files import BEST_MODEL, find_weights
    from train.losses.vgg import find_vgg
    from train.metrics.weights import WEIGHT_FILES
    from train.metrics.weights import find_weights as find_score_weights

    monkeypatch.setenv("POSEGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    lines = dict(doctor.examine(tmp_path, tmp_path)[3].lines)
    for device in BEST_MODEL:
        place = find_weights("auto", device)
        assert f"missing in {place.path.parent}, " in lines[place.path.name]
    demo = find_weights("demo", "cpu").path
    assert lines[demo.name].endswith(": present") and demo.is_file()
    with pytest.raises(UsageError, match=str(tmp_path / "torch/hub/checkpoints/vgg19-dcbb9e9d")):
        find_vgg(download=False)
    for key, file in WEIGHT_FILES.items():
        assert file.url in lines[file.name]
        with pytest.raises(UsageError, match="curl"):
            find_score_weights(tmp_path, key)
        (tmp_path / file.name).touch()
        assert find_score_weights(tmp_path, key) == tmp_path / file.name
    assert set(lines) == {file.name for file in WEIGHTS.values()}


def test_missing_weights_come_with_their_size_and_a_way_to_do_without(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    vgg = sections(tmp_path)["Weight files"]["vgg19-dcbb9e9d.pth"]
    assert "(575 MB)" in vgg and vgg.endswith("or train without it by --features pixels")


def test_free_space_is_told_of_a_folder_that_is_not_there_yet(tmp_path: Path):
    space = sections(tmp_path / "a" / "b")["Free space"]
    assert space[str(tmp_path / "a" / "b")].endswith("GB")


@pytest.mark.parametrize(
    ("line", "found", "said"),
    [
        ("numpy>=2.0", "1.26.4", "1.26.4, does not fit: pip install --upgrade 'numpy>=2.0'"),
        ("numpy>=2.0", "2.10.0rc1", "2.10.0rc1"),
        ("numpy>=2.9", "2.10", "2.10"),
        ("numpy>=2.0,<3", "3.1", "3.1, does not fit: pip install --upgrade 'numpy<3,>=2.0'"),
        ("torch>=2.6", "2.6.0+cu124", "2.6.0+cu124"),
        ("torch>=2.6", "2.6.0a0+git1234", "2.6.0a0+git1234, does not fit: "
         "pip install --upgrade 'torch>=2.6'"),
        ("torch>=2.6", "built by hand", "built by hand"),
        ("torchmetrics[image]>=1.4", None, "missing: pip install 'torchmetrics>=1.4'"),
        ("numpy", None, "missing: pip install 'numpy'"),
    ],
)  # fmt: skip
def test_what_is_installed_is_compared_with_what_is_needed(
    line: str, found: str | None, said: str, monkeypatch
):
    monkeypatch.setattr(doctor, "version_of", lambda name: found)
    assert doctor._state(Requirement(line)) == said


def test_an_extra_is_installed_when_all_that_it_adds_is(monkeypatch):
    lines = ["numpy>=2.0", "ruff>=0.8 ; extra == 'test'", "tensorboard; extra == \"tensorboard\"",
             "tomli; python_version < '3.0'"]  # fmt: skip
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: lines)
    monkeypatch.setattr(doctor, "version_of", lambda name: None if name == "ruff" else "9.0")
    assert [wanted.name for wanted in doctor._requirements()] == ["numpy"]
    assert [wanted.name for wanted in doctor._requirements("test")] == ["ruff"]
    states = dict(doctor._extras())
    assert states["tensorboard"].endswith(": installed")
    assert states["test"].endswith(": missing: pip install 'posegan[test]'")


@pytest.mark.parametrize("absent", [{"torch"}, {"ultralytics", "cv2", "h5py", "pandas"}])
@pytest.mark.process
def test_it_works_where_packages_cannot_be_imported(absent: set[str]):
    python, flag, code = program("posegan-doctor")
    without = WITHOUT.replace("{names}", repr(absent)) + code
    done = subprocess.run([python, flag, without], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Weight files" in done.stdout
    assert ("torch cannot be imported" in done.stdout) == ("torch" in absent)
