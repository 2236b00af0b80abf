"""A network of allowed layers that would fill the memory is refused before it runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from preprocess.pose.weight_scan import RefusedWeightsError
from preprocess.pose.weight_trial import try_network
from preprocess.pose.yolo import import_ultralytics, load_network
from shared.errors import UsageError

pytestmark = pytest.mark.long

CPU = torch.device("cpu")


def pose_model(*between: list[Any]) -> Any:
    """A random pose network of the smallest width, with layers of the caller's in the middle."""
    import_ultralytics(offline=True)
    from ultralytics.nn.tasks import PoseModel

    last = 1 + len(between)
    config = {
        "nc": 1,
        "kpt_shape": [17, 3],
        "end2end": False,
        "reg_max": 1,
        "backbone": [[-1, 1, "Conv", [8, 6, 4, 1]], [-1, 1, "Conv", [16, 3, 2]], *between],
        "head": [[[last], 1, "Pose", ["nc", "kpt_shape"]]],
    }
    return PoseModel(config, ch=3, nc=1, data_kpt_shape=[17, 3], verbose=False).eval()


def no_change(_: Any) -> None:
    """A network as it should be."""


def copies_of_copies(model: Any) -> None:
    """Two channels of each, thirty times over: a thousand million times the memory."""
    from ultralytics.nn.modules import Concat

    doubled = []
    for number in range(30):
        layer = Concat(1)
        layer.f, layer.i, layer.type = [-1, -1], 2 + number, "Concat"
        doubled.append(layer)
    model.model = nn.Sequential(*model.model[:2], *doubled, model.model[-1])
    model.model[-1].i = 32


def endless_pooling(model: Any) -> None:
    """A pool that is run a thousand million times; the file's own number says how often."""
    pool = next(each for each in model.modules() if type(each).__name__ == "SPPF")
    pool.n = 10**9


def larger_and_larger(model: Any) -> None:
    """Enlarged fourfold, eight times over."""
    layers = []
    for number in range(8):
        layer = nn.Upsample(scale_factor=4)
        layer.f, layer.i, layer.type = -1, 2 + number, "Upsample"
        layers.append(layer)
    model.model = nn.Sequential(*model.model[:2], *layers, model.model[-1])


def a_file(model: Any, path: Path) -> Path:
    torch.save({"model": model, "train_args": {"task": "pose"}}, path)
    return path


HOSTILE: list[tuple[Callable[[Any], None], tuple[list[Any], ...]]] = [
    (copies_of_copies, ()),
    (endless_pooling, ([-1, 1, "SPPF", [16, 5]],)),
    (larger_and_larger, ()),
]


def test_a_network_as_it_should_be_passes_and_keeps_its_values(tmp_path: Path) -> None:
    model = pose_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    try_network(model)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    load_network(a_file(model, tmp_path / "a.pt"), CPU, half=False)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("change", "between"), HOSTILE)
def test_layers_that_would_fill_the_memory_are_refused_unrun(
    change: Callable[[Any], None], between: tuple[list[Any], ...], tmp_path: Path
) -> None:
    model = pose_model(*between)
    change(model)
    with pytest.raises(RefusedWeightsError, match=r"would fill the memory|calls"):
        try_network(model)
    with pytest.raises(UsageError, match="expected weights of an ultralytics pose model"):
        load_network(a_file(model, tmp_path / "a.pt"), CPU, half=False)


def test_layers_alone_are_no_pose_network(tmp_path: Path) -> None:
    for layer in (nn.Conv2d(1, 1, 1), nn.Sequential(nn.Identity()), nn.ModuleList()):
        with pytest.raises(UsageError, match=r"layers that do not fit together|without points"):
            load_network(a_file(layer, tmp_path / "a.pt"), CPU, half=False)


LIMITED = """
import resource, sys
from pathlib import Path
import torch
from preprocess.pose.yolo import import_ultralytics, load_network
from shared.errors import UsageError
import_ultralytics(offline=True)
load_network(Path(sys.argv[1]), torch.device("cpu"), half=False)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 400_000_000,) * 2)
for name in sys.argv[2:]:
    try:
        load_network(Path(name), torch.device("cpu"), half=False)
    except UsageError as error:
        print(error)
"""


@pytest.mark.process
@pytest.mark.timeout(600)
def test_tiny_hostile_files_are_refused_within_400_mb(tmp_path: Path) -> None:
    good = a_file(pose_model(), tmp_path / "good.pt")
    files = []
    for change, between in HOSTILE:
        model = pose_model(*between)
        change(model)
        files.append(a_file(model, tmp_path / f"{change.__name__}.pt"))
    large = torch.zeros(1).expand(30_000, 30_000, 1, 1)
    model = pose_model()
    model.model[0].conv.weight = nn.Parameter(large)
    files.append(a_file(model, tmp_path / "expanded.pt"))
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(good), *map(str, files)],
        capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(files) and all("expected weights of" in line for line in lines)
    assert "memory" not in done.stderr
