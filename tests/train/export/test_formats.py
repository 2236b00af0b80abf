"""Graphs of every kind of generator draw what the generator draws, and hold no place of ours."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from generators import KINDS, untrained

from shared.console import Console
from shared.errors import RulesBrokenError, UsageError
from train.export import formats
from train.export.formats import drawn_by, graph_file, inputs_of, largest_difference
from train.export.graph import DrawingGraph
from train.inference.exported import read_exported

pytestmark = pytest.mark.long


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_recorded_draws_what_the_generator_draws(kind: str) -> None:
    trained = untrained(kind)
    graph = DrawingGraph(trained).eval()
    with torch.no_grad():
        found = largest_difference(trained, lambda inputs: graph(*inputs))
    assert found <= formats.CLOSE
    assert drawn_by(trained, 2).std() > 0.01  # of a grey picture nothing would be learned


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("wanted", ["torch-export", "onnx"])
@pytest.mark.parametrize("kind", ["layers", "parts", "none"])
def test_the_papers_kinds_and_layers_are_exported(kind: str, wanted: str) -> None:
    made = graph_file(untrained(kind), wanted)
    assert made is not None and made.difference <= formats.CLOSE
    for place in (b"/train/", b"site-packages", b"forward("):
        assert place not in made.content


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_readmes_lines_draw_with_onnxruntime_alone(tmp_path: Path, repository: Path) -> None:
    """In a process that finds no module of ours, with the generator that ships."""
    trained = read_exported(repository / "train" / "weights", console=Console(quiet=True))
    made = graph_file(trained, "onnx")
    assert made is not None
    (tmp_path / "my-graph").mkdir()
    (tmp_path / "my-graph" / "model.onnx").write_bytes(made.content)
    blocks = re.findall(r"^```py\n(.*?)^```", (repository / "README.md").read_text(), re.M | re.S)
    (program,) = (block for block in blocks if "InferenceSession" in block)
    assert "train" not in program and "torch" not in program
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "(1, 3, 128, 64)\n", done.stderr


def test_the_weights_alone_have_no_graph() -> None:
    assert graph_file(untrained("layers"), "safetensors") is None


def test_a_graph_that_draws_something_else_is_refused() -> None:
    trained = untrained("none")
    with pytest.raises(RulesBrokenError, match="the exported graph, 1 pairs: expected pictures"):
        largest_difference(trained, lambda inputs: inputs[0])
    nothing = float("nan")
    with pytest.raises(RulesBrokenError):
        largest_difference(trained, lambda inputs: drawn_by(trained, len(inputs[0])) * nothing)


def test_what_is_compared_is_the_same_every_time_and_lacks_joints() -> None:
    trained = untrained("none")
    first, second = inputs_of(trained, 17), inputs_of(trained, 17)
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a.nan_to_num(), b.nan_to_num())
    assert first[1].isnan().any() and not first[1][:, [2, 5, 8, 11]].isnan().any()


def test_a_missing_extra_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "NEEDED", ("no_such_library",))
    with pytest.raises(UsageError, match=r"the extra onnx.*pip install 'posegan\[onnx\]'"):
        formats.require_format("onnx")
    formats.require_format("torch-export")
