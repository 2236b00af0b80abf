"""A network of the user's own as judge: what it is given, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from commands import call
from onnx import TensorProto, helper, numpy_helper
from onnx_networks import clothes, saved
from people_pictures import name_of, person
from PIL import Image

import train.inference.systems as _loaded  # noqa: F401 - an import of its own asks `uname`
from shared.errors import UsageError
from train.reid.onnx_judge import MEAN, read_onnx

pytestmark = pytest.mark.long


def network(
    path: Path,
    *,
    batch: int | str = "n",
    size: tuple[int | str, int | str] = ("h", "w"),
    kernel: tuple[int, int] = (16, 8),
) -> Path:
    """Mean colours of tiles, flattened."""
    nodes = [
        helper.make_node("AveragePool", ["x"], ["p"], kernel_shape=kernel, strides=kernel),
        helper.make_node("Flatten", ["p"], ["y"]),
    ]
    return saved(path, nodes, {}, [TensorProto.FLOAT, [batch, 3, *size]])


def doubles(path: Path) -> Path:
    nodes = [helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT)]
    nodes.append(helper.make_node("Flatten", ["f"], ["y"]))
    return saved(path, nodes, {}, [TensorProto.DOUBLE, ["n", 3, "h", "w"]])


def unfit(path: Path) -> Path:
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
    shape = {"shape": np.array([1, 7], np.int64)}
    return saved(path, nodes, shape, [TensorProto.FLOAT, ["n", 3, "h", "w"]])


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(0, 256, (5, 64, 32, 3), generator=torch.Generator().manual_seed(0)).to(
        torch.uint8
    )


def tiles(images: torch.Tensor, kernel: tuple[int, int]) -> np.ndarray:
    """The same embedding, written anew."""
    count, height, width, _ = images.shape
    down, right = kernel
    values = images.numpy().astype(np.float64) / 255
    cut = values.reshape(count, height // down, down, width // right, right, 3).mean((2, 4))
    flat = cut.transpose(0, 3, 1, 2).reshape(count, -1)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)


@pytest.mark.parametrize("batch", ["n", 1, 2, 3])
def test_any_batch_gives_the_embedding_of_every_image(
    batch: int | str, images: torch.Tensor, tmp_path: Path
) -> None:
    path = network(tmp_path / "a.onnx", batch=batch, size=(64, 32))
    found = read_onnx(path, "unit")(images)
    np.testing.assert_allclose(found, tiles(images, (16, 8)), atol=1e-6)


def test_pictures_are_brought_to_the_networks_size_or_the_usual_one(tmp_path: Path) -> None:
    grey = torch.full((2, 90, 40, 3), 128, dtype=torch.uint8)
    fixed = read_onnx(network(tmp_path / "a.onnx", size=(48, 24), kernel=(48, 24)), "bytes")
    free = read_onnx(network(tmp_path / "b.onnx", kernel=(256, 128)), "bytes")
    assert fixed(grey).shape == free(grey).shape == (2, 3)  # one tile each
    np.testing.assert_allclose(free(grey), 3**-0.5, atol=1e-6)


def test_the_values_are_those_that_the_user_says(tmp_path: Path) -> None:
    """A picture in the colour of ImageNet's mean is 0 there, and three tiles apart elsewhere."""
    mean = torch.tensor([round(255 * value) for value in MEAN], dtype=torch.uint8)
    images = mean.expand(1, 32, 16, 3).clone()
    path = network(tmp_path / "a.onnx", size=(32, 16), kernel=(32, 16))
    session = read_onnx(path, "imagenet")
    seen: list[np.ndarray] = []
    run = session._run
    session._run = lambda values: seen.append(values) or run(values)
    session(images)
    assert np.abs(seen[0]).max() < 0.02
    unit = read_onnx(path, "unit")(images)[0]
    np.testing.assert_allclose(unit, mean.numpy() / np.linalg.norm(mean.numpy()), atol=1e-6)


def outside(path: Path) -> Path:
    """A network whose values lie in another file."""
    secret = path.with_name("secret.bin")
    secret.write_bytes(np.ones(3, np.float32).tobytes())
    value = numpy_helper.from_array(np.ones(3, np.float32), "v")
    onnx.external_data_helper.set_external_data(value, secret.name)
    value.ClearField("raw_data")
    value.data_location = TensorProto.EXTERNAL
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "v"], ["y"])],
        "outside",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 3, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [value],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda path: path.write_bytes(b"hello"), "no ONNX network"),
        (lambda path: path.write_bytes(b""), "no ONNX network"),
        (outside, "no ONNX network"),
        (doubles, "inputs"),
    ],
    ids=["text", "empty", "values outside", "doubles"],
)
def test_a_file_that_is_no_such_network_is_one_line(make, found: str, tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    make(path)
    with pytest.raises(UsageError, match=found):
        read_onnx(path, "unit")


def test_a_network_that_fails_on_a_picture_is_one_line(
    images: torch.Tensor, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="a failure at"):
        read_onnx(unfit(tmp_path / "a.onnx"), "unit")(images)


def test_eval_gan_judges_by_it_and_names_it(tmp_path: Path) -> None:
    """People in plain clothes: mean colours know them, and the scores bear the file's hash."""
    for folder in ("gallery", "copies"):
        (tmp_path / folder).mkdir()
    for one in range(1, 21):
        for camera in (1, 2, 3):
            image = Image.fromarray(person(one, camera))
            image.save(tmp_path / "gallery" / name_of(one, camera))
            if camera == 2 and one < 4:
                image.save(tmp_path / "copies" / f"{name_of(one, camera)[:-4]}.png")
    path = clothes(tmp_path / "own.onnx")
    arguments = ("--generated", tmp_path / "copies", "--real", tmp_path / "gallery", "--reid", path)
    more = (
        "--gallery",
        tmp_path / "gallery",
        "--protocols",
        "rank-1",
        "--allow-missing",
        "--reid-pixels",
        "unit",
    )
    done = call("eval-gan", *arguments, *more, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    name = f"rank-1/reid-{read_onnx(path, 'unit').sha256[:8]}"
    assert name in (tmp_path / "out" / "table.md").read_text()
    wrong = call("eval-gan", *arguments[:4], "--reid-pixels", "unit", "--out", tmp_path / "o")
    assert wrong.exit_code == 2 and "--reid FILE.onnx" in wrong.stderr
