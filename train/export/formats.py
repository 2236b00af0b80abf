"""Graphs as files that other programs run, checked against the generator that they are of."""

from __future__ import annotations

import importlib.util
import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import torch
from torch import Tensor

from shared.errors import MAX_REASON, RulesBrokenError, UsageError, problem
from train.data.batch import make_batch, scaled
from train.export.graph import BATCH, DrawingGraph, ports
from train.export.trial_pairs import trial_pairs
from train.inference.samples import samples_of
from train.inference.trained import Trained
from train.step import draw_batch

Format = Literal["safetensors", "torch-export", "onnx"]

GRAPH_FILES: Final = {"torch-export": "model.pt2", "onnx": "model.onnx"}
"""Formats that bring a graph, and its file."""

NEEDED: Final = ("onnx", "onnxscript", "onnxruntime")
"""What the extra ``onnx`` installs."""

BATCHES: Final = (1, 2, 17, 64)
"""Numbers of pairs with which a graph is compared with its generator."""

CLOSE: Final = 1e-4
"""So far may a value of a picture in [-1, 1] be from the generator's."""

TRACED: Final = 2
"""Pairs with which a graph is recorded."""

Runner = Callable[[Sequence[Tensor]], Tensor]
"""Runs a graph as a stranger would: inputs in their order, one output."""


@dataclass(frozen=True)
class GraphFile:
    """A graph, ready to be published.

    Args:
        name: The file.
        content: What it holds.
        difference: The largest difference from the generator that was seen.
    """

    name: str
    content: bytes
    difference: float


def require_format(wanted: Format) -> None:
    """Refuse a format whose libraries are not here.

    Raises:
        UsageError: They are not.
    """
    lacking = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if wanted == "onnx" and lacking:
        remedy = "pip install 'posegan[onnx]', or choose another --format"
        raise UsageError(problem("--format onnx", "the extra onnx", f"no {lacking[0]}", remedy))


def graph_file(trained: Trained, wanted: Format) -> GraphFile | None:
    """Make the graph of a generator and compare it with the generator.

    Args:
        trained: The generator.
        wanted: A format; safetensors has no graph.

    Raises:
        RulesBrokenError: What was made draws something else.
        UsageError: The libraries that are installed cannot make it.
    """
    if wanted not in GRAPH_FILES:
        return None
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the exporters, about themselves
        content, runner = _made(trained, wanted)
        return GraphFile(GRAPH_FILES[wanted], content, largest_difference(trained, runner))


def _made(trained: Trained, wanted: Format) -> tuple[bytes, Runner]:
    """Record a generator, write it down, and open what was written."""
    try:
        program = _traced(trained)
        if wanted == "onnx":
            content = _of_onnx(program, trained)
            return content, onnx_runner(content)
        content = _of_torch(program)
        return content, torch_runner(content)
    except MemoryError:
        raise
    except Exception as error:  # of two exporters and a runtime that move with their versions
        found = f"{type(error).__name__}: {str(error)[:MAX_REASON]}"
        remedy = "choose another --format, or another version of torch"
        raise UsageError(problem(f"--format {wanted}", "a graph", found, remedy)) from error


def largest_difference(trained: Trained, runner: Runner) -> float:
    """Compare a graph with its generator on pairs of every number in :data:`BATCHES`.

    Raises:
        RulesBrokenError: Some value is further off than :data:`CLOSE`.
    """
    largest = 0.0
    for count in BATCHES:
        found = float((runner(inputs_of(trained, count)) - drawn_by(trained, count)).abs().max())
        if not found <= CLOSE:
            expected, remedy = f"pictures within {CLOSE:g} of the generator's", "report it"
            where = f"the exported graph, {count} pairs"
            raise RulesBrokenError(problem(where, expected, f"{found:.2g}", remedy))
        largest = max(largest, found)
    return largest


def inputs_of(trained: Trained, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return what a graph is given for some pairs: source image, source joints, target joints."""
    images, source, target = trial_pairs(count, trained.image_size)
    pictures = scaled(torch.from_numpy(images)).contiguous()
    return pictures, torch.from_numpy(source), torch.from_numpy(target)


@torch.no_grad()
def drawn_by(trained: Trained, count: int) -> Tensor:
    """Draw the same pairs with the generator itself, as the painter does before it rounds."""
    samples = samples_of(*trial_pairs(count, trained.image_size))
    sees = trained.generator.settings.background != "none"
    shown: Literal["source", "none"] = "source" if sees else "none"
    batch = make_batch(samples, None, sigma=trained.sigma, poses=trained.poses, background=shown)
    trained.generator.eval()
    return draw_batch(trained.generator, batch, exact=True).image


def torch_runner(content: bytes) -> Runner:
    """Reload a program of torch.export."""
    module: Any = torch.export.load(io.BytesIO(content)).module()
    return lambda inputs: module(*inputs)


def onnx_runner(content: bytes) -> Runner:
    """Open a graph in onnxruntime, on the CPU."""
    import onnxruntime  # noqa: PLC0415 - of the extra onnx

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def run(inputs: Sequence[Tensor]) -> Tensor:
        names = [each.name for each in session.get_inputs()]
        given = {name: np.asarray(each) for name, each in zip(names, inputs, strict=True)}
        return torch.from_numpy(session.run(None, given)[0])

    return run


def _traced(trained: Trained) -> Any:
    """Record what the generator does, the number of pairs left open."""
    axis = torch.export.Dim(BATCH, min=1)
    inputs, _ = ports(trained.image_size)
    shapes = {port.name: {0: axis} for port in inputs}
    example = inputs_of(trained, TRACED)
    graph = DrawingGraph(trained).eval()
    return torch.export.export(graph, example, dynamic_shapes=shapes, strict=False)


def _of_torch(program: Any) -> bytes:
    for module in program.graph_module.modules():
        for node in module.graph.nodes if hasattr(module, "graph") else ():
            node.meta.pop("stack_trace", None)  # places of this machine
    stream = io.BytesIO()
    torch.export.save(program, stream)
    return stream.getvalue()


def _of_onnx(program: Any, trained: Trained) -> bytes:
    import onnx  # noqa: PLC0415 - of the extra onnx

    inputs, output = ports(trained.image_size)
    made: Any = torch.onnx.export(
        program.run_decompositions({torch.ops.aten.hypot.default: _hypot}),
        input_names=[port.name for port in inputs],
        output_names=[output.name],
        dynamo=True,
        verbose=False,
    )
    model = made.model_proto
    del model.metadata_props[:]
    for graph in (model.graph, *model.functions):
        for each in graph.node:
            del each.metadata_props[:]  # places of this machine
            each.doc_string = ""
    content: bytes = model.SerializeToString(deterministic=True)
    onnx.checker.check_model(content)
    return content


def _hypot(x: Tensor, y: Tensor) -> Tensor:
    """Return lengths by operations that ONNX has."""
    return (x * x + y * y).sqrt()
