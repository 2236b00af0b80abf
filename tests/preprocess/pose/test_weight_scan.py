"""Weight files that mean harm with allowed classes are refused before anything is built."""

from __future__ import annotations

import collections
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from preprocess.pose.weight_files import DEMO_POSE
from preprocess.pose.weight_scan import RefusedWeightsError, scan_weights

pytestmark = pytest.mark.long


class Calls:
    """Pickles as a call of something with arguments."""

    def __init__(self, what: Callable[..., Any], *arguments: Any) -> None:
        self.what, self.arguments = what, arguments

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return self.what, self.arguments


def saved(tmp_path: Path, content: Any) -> Path:
    torch.save({"model": content}, tmp_path / "weights.pt")
    return tmp_path / "weights.pt"


def test_the_demo_weights_pass() -> None:
    assert scan_weights(DEMO_POSE.path) > 100


@pytest.mark.long
def test_every_published_family_of_pose_networks_passes(tmp_path: Path) -> None:
    from preprocess.pose.yolo import import_ultralytics

    home = Path(str(import_ultralytics(offline=True).__file__)).parent / "cfg" / "models"
    from ultralytics.nn.tasks import PoseModel

    for config in ("v8/yolov8-pose.yaml", "11/yolo11-pose.yaml", "26/yolo26-pose.yaml"):
        path = saved(tmp_path, PoseModel(str(home / config), verbose=False))
        assert scan_weights(path) > 100, config


def test_a_layer_called_with_the_files_own_arguments_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, [nn.Identity(), Calls(nn.Linear, 10, 10)])
    with pytest.raises(RefusedWeightsError, match="a call of Linear with arguments"):
        scan_weights(path)


@pytest.mark.parametrize("what", [nn.Embedding, nn.LSTM, torch.zeros, print])
def test_what_no_pose_network_has_is_refused(tmp_path: Path, what: Any) -> None:
    with pytest.raises(RefusedWeightsError, match="which no YOLO pose network has"):
        scan_weights(saved(tmp_path, [nn.Identity(), Calls(what, 1, 1)]))


def test_a_tensor_larger_than_what_is_stored_is_refused(tmp_path: Path) -> None:
    layer = nn.Conv2d(1, 1, 1)
    layer.weight = nn.Parameter(torch.zeros(1, 1, 1, 1).expand(30_000, 30_000, 1, 1))
    with pytest.raises(RefusedWeightsError, match="larger than what the file stores"):
        scan_weights(saved(tmp_path, layer))


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Conv2d(1, 1, 3, padding=100_000), "padding over 32"),
        (nn.Upsample(scale_factor=1e6), "scale_factor over 4"),
        (nn.Upsample(scale_factor=float("nan")), "scale_factor over 4"),
        (nn.Upsample(size=(60_000, 60_000)), "size over 0"),
    ],
)
def test_a_layer_that_would_blow_up_its_output_is_refused(
    tmp_path: Path, layer: nn.Module, words: str
) -> None:
    with pytest.raises(RefusedWeightsError, match=words):
        scan_weights(saved(tmp_path, layer))


@pytest.mark.timeout(20)
def test_layers_that_repeat_without_end_are_refused(tmp_path: Path) -> None:
    layer: nn.Module = nn.Identity()
    for _ in range(9):
        layer = nn.Sequential(collections.OrderedDict((str(i), layer) for i in range(10)))
    with pytest.raises(RefusedWeightsError, match="more than 20,000 layers"):
        scan_weights(saved(tmp_path, layer))


def test_a_packed_file_that_unpacks_to_more_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, nn.Conv2d(64, 64, 3))
    packed = tmp_path / "packed.pt"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            values = "/data/" in entry.filename
            new.writestr(entry.filename, bytes(entry.file_size) if values else old.read(entry))
    with pytest.raises(RefusedWeightsError, match="more content than the file has bytes"):
        scan_weights(packed)


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps({"model": 1})])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(RefusedWeightsError, match="empty, truncated or no weights"):
        scan_weights(tmp_path / "a.pt")


def test_a_file_without_a_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedWeightsError, match="no network"):
        scan_weights(saved(tmp_path, {"a": torch.zeros(3)}))


def pickled(tmp_path: Path, steps: bytes) -> Path:
    """A file whose list of layers is these steps of a pickle."""
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x04" + steps)
    return tmp_path / "a.pt"


@pytest.mark.timeout(20)
def test_tuples_that_take_ages_to_hash_are_refused(tmp_path: Path) -> None:
    doubled = b"".join(b"h%ch%c\x86q%c" % (i, i, i + 1) for i in range(60))
    steps = b")q\x00" + doubled + b"}h\x3cK\x01s."
    with pytest.raises(RefusedWeightsError, match="tuples nested over 8 deep"):
        scan_weights(pickled(tmp_path, steps))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "steps",
    [
        b"]r\xff\xff\xff\x0f.",
        b"\x96\xff\xff\xff\xff\xff\x00\x00\x00.",
        b"\x8d\xff\xff\xff\xff\xff\x00\x00\x00.",
        b"\x95\xff\xff\xff\xff\xff\x00\x00\x00.",
        b"(" * 100_000 + b"l" * 100_000 + b".",
        b"\x00.",
        b"h\x05.",
    ],
    ids=["memo", "bytes", "text", "frame", "nested", "no step", "no memo"],
)
def test_broken_lists_of_layers_are_refused(tmp_path: Path, steps: bytes) -> None:
    with pytest.raises(RefusedWeightsError):
        scan_weights(pickled(tmp_path, steps))
