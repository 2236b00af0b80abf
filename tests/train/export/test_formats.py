"""Graphs of every kind of generator draw what the generator draws, and hold no place of ours."""

from __future__ import annotations

import pytest
import torch
from generators import KINDS, untrained

from shared.errors import RulesBrokenError
from train.export import formats
from train.export.formats import drawn_by, graph_file, inputs_of, largest_difference
from train.export.graph import DrawingGraph

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
@pytest.mark.parametrize("wanted", ["torch-export"])
@pytest.mark.parametrize("kind", ["layers", "parts", "none"])
def test_the_papers_kinds_and_layers_are_exported(kind: str, wanted: str) -> None:
    made = graph_file(untrained(kind), wanted)
    assert made is not None and made.difference <= formats.CLOSE
    for place in (b"/train/", b"site-packages", b"forward("):
        assert place not in made.content


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
