"""Small networks as ONNX files, as users bring them to judge people by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def saved(path: Path, nodes: list, constants: dict[str, np.ndarray], inputs: list) -> Path:
    """Write a network from ``x``, a type and a shape, to ``y``."""
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", *inputs)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


def clothes(path: Path) -> Path:
    """Mean colours of stripes of the middle, less grey: an embedding that knows clothes."""
    nodes = [
        helper.make_node("Slice", ["x", "from", "to", "axis"], ["m"]),
        helper.make_node("Sub", ["m", "grey"], ["s"]),
        helper.make_node("AveragePool", ["s"], ["p"], kernel_shape=(8, 16), strides=(8, 16)),
        helper.make_node("Flatten", ["p"], ["y"]),
    ]
    places = {"from": 8, "to": 24, "axis": 3}
    constants = {name: np.array([value], np.int64) for name, value in places.items()}
    grey = {"grey": np.array(0.5, np.float32)}
    return saved(path, nodes, constants | grey, [TensorProto.FLOAT, ["n", 3, 64, 32]])
