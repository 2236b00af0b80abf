"""Weight files that mean harm with allowed classes are refused before anything is built."""

from __future__ import annotations

import collections
import pickle
import re
import subprocess
import sys
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


def pickled(tmp_path: Path, steps: bytes, *others: tuple[str, bytes]) -> Path:
    """A file whose list of layers is these steps of a pickle, with further entries."""
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        for name, content in (("a/data.pkl", b"\x80\x04" + steps), *others):
            archive.writestr(name, content)
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


CONV = b"ctorch.nn.modules.conv\nConv2d\n)\x81"
UPSAMPLE = b"ctorch.nn.modules.upsampling\nUpsample\n)\x81"


TOO_LARGE = b"J\xff\xff\xff\x00"
PADDING = b"X\x07\x00\x00\x00padding"
AFTERWARDS = {
    "at once": (
        CONV + b"}(" + PADDING + b"]q\x01K\x01aubh\x01" + TOO_LARGE + b"a0.",
        "padding over",
    ),
    "a second state": (
        CONV + b"}" + PADDING + b"K\x01sb}" + PADDING + TOO_LARGE + b"sb.",
        "padding over",
    ),
    "kept list": (CONV + b"}" + PADDING + b"]q\x01sbh\x01" + TOO_LARGE + b"a0.", "padding over"),
    "in a list": (b"]" + CONV + b"}X\x01\x00\x00\x00n]q\x01sbah\x01K\xffa0.", "n over"),
    "a scalar": (
        CONV + b"}" + PADDING + b"cnumpy._core.multiarray\nscalar\n)Rsb.",
        "padding over",
    ),
    "a method": (
        CONV + b"}X\x07\x00\x00\x00forwardctorch.nn.modules.linear\nLinear\nsb.",
        "a method",
    ),
    "a function": (b"ctorch._utils\n_rebuild_parameter\n}b.", "what is no layer"),
}


@pytest.mark.parametrize(("steps", "words"), AFTERWARDS.values(), ids=AFTERWARDS)
def test_what_the_file_changes_after_a_layer_was_filled_is_judged_too(
    tmp_path: Path, steps: bytes, words: str
) -> None:
    with pytest.raises(RefusedWeightsError, match=words):
        scan_weights(pickled(tmp_path, steps))


BIG = 1_000_000

LONG = {
    "nested lists": (b"]" * (BIG - 1) + b"a" * (BIG - 2) + b".", "nested over 100 deep"),
    "marks": (b"(" * BIG + b"l" * (BIG - 9) + b".", "nested over 100 deep|broken"),
    "many lists": (b"]q\x00" + b"]a" * (BIG // 2 - 9) + b".", "no network"),
    "itself": (b"]q\x00(" + b"h\x00" * (BIG // 2) + b"e.", "nested over 100 deep"),
    "dictionaries": (
        b"ccollections\nOrderedDict\nq\x00" + b"h\x00)R" * (BIG // 4) + b".",
        "no net",
    ),
    "too long": (b"]" * (3 * BIG), "far too long"),
    "a network": (CONV + b".", "1"),
}

WATCHED = """
import resource, sys, time
from pathlib import Path
from preprocess.pose.weight_scan import RefusedWeightsError, scan_weights
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 600_000_000,) * 2)
for name in sys.argv[1:]:
    begin = time.process_time()
    try:
        print(scan_weights(Path(name)), end=" ")
    except RefusedWeightsError as error:
        print(error, end=" ")
    print(f"after {time.process_time() - begin:.1f} s")
"""


@pytest.mark.process
@pytest.mark.timeout(200)
def test_a_million_steps_are_refused_soon_and_in_bounded_memory(tmp_path: Path) -> None:
    files = []
    for number, (steps, _) in enumerate(LONG.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        files.append(str(pickled(folder, steps)))
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *files],
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for (case, (_, words)), line in zip(LONG.items(), done.stdout.splitlines(), strict=True):
        assert re.search(words, line), (case, line)
        assert float(line.split()[-2]) < 15, (case, line)


@pytest.mark.parametrize(
    "size",
    [b"J\xff\xff\xff\x7f", b"\x8b\x00\x00\x01\x00" + b"\x7f" * 65_536, b"X\x01\x00\x00\x00a"],
)
def test_sides_that_are_no_usable_numbers_are_refused(tmp_path: Path, size: bytes) -> None:
    kind = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
    storage = kind + b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x00tQ"
    sides = b"K\x00(" + size * 8 + b"t(K\x01t\x89}tR."
    steps = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + sides
    with pytest.raises(RefusedWeightsError, match=r"no numbers|larger than what"):
        scan_weights(pickled(tmp_path, steps, ("a/data/0", b"")))
