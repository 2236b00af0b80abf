from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

import pytest

from data_manifest import doctor
from shared.provenance import version_of

WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ImportError("No module named " + name)
sys.meta_path.insert(0, Absent())
sys.argv = ["posegan-doctor"]
from data_manifest.commands.posegan_doctor import posegan_doctor
posegan_doctor()
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
    import torch

    from preprocess.pose import weight_files as pose_weights
    from train.losses import vgg
    from train.metrics import weights

    monkeypatch.setenv("POSEGAN_CACHE", str(tmp_path))
    assert doctor.cache_folder() == pose_weights.cache_folder()
    monkeypatch.delenv("POSEGAN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert doctor.cache_folder() == pose_weights.cache_folder()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "t"))
    assert doctor.hub_checkpoints() == Path(torch.hub.get_dir()) / "checkpoints"
    monkeypatch.delenv("TORCH_HOME")
    assert doctor.hub_checkpoints() == Path(torch.hub.get_dir()) / "checkpoints"
    assert vgg.VGG_FILE == doctor.VGG_FILE and doctor.PYTORCH + vgg.VGG_FILE == vgg.VGG_URL
    wanted = {(file.name, file.url) for file in weights.WEIGHT_FILES.values()}
    assert {(name, source + name) for name, _, source in doctor.EVAL_WEIGHTS} == wanted
    listed = [name for name, _ in doctor._weights(tmp_path)]
    assert {f"{name}.pt" for name in pose_weights.BEST_MODEL.values()} <= set(listed)
    assert doctor._shipped_weights() == pose_weights.DEMO_FILE


def test_free_space_is_told_of_a_folder_that_is_not_there_yet(tmp_path: Path):
    space = sections(tmp_path / "a" / "b")["Free space"]
    assert space[str(tmp_path / "a" / "b")].endswith("GB")


def test_an_old_package_is_said_to_be_too_old(monkeypatch):
    wanted = doctor.REQUIREMENT.match("numpy>=2.0")
    assert wanted
    monkeypatch.setattr(doctor, "version_of", lambda name: "1.26.4")
    assert doctor._state(wanted) == "1.26.4, too old: pip install --upgrade 'numpy>=2.0'"
    monkeypatch.setattr(doctor, "version_of", lambda name: "2.10.0rc1")
    assert doctor._state(wanted) == "2.10.0rc1"
    monkeypatch.setattr(doctor, "version_of", lambda name: None)
    assert doctor._state(wanted) == "missing: pip install 'numpy>=2.0'"


@pytest.mark.parametrize(
    "line",
    [
        "torchmetrics[image]>=1.4",
        "tensorboard>=2.16; extra == 'tensorboard'",
        'ruff>=0.8 ; extra == "test"',
    ],
)
def test_requirements_are_understood(line: str):
    match = doctor.REQUIREMENT.match(line)
    assert match and match["least"] in {"1.4", "2.16", "0.8"}
    assert match["extra"] in {None, "tensorboard", "test"}
    assert (match["extra"] is None) == ("extra" not in line)


@pytest.mark.parametrize("absent", [{"torch"}, {"ultralytics", "cv2", "h5py", "pandas"}])
def test_it_works_where_packages_cannot_be_imported(absent: set[str]):
    code = WITHOUT.replace("{names}", repr(absent))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Weight files" in done.stdout
    assert ("torch cannot be imported" in done.stdout) == ("torch" in absent)
