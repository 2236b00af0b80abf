"""VGG-19's layers, weights files of the right and the wrong form, and the pixels instead."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
import torchvision

from shared.errors import DamagedError, UsageError
from train.losses.vgg import VGG, PixelFeatures, VggFeatures, find_vgg, layer_index


def small_state(seed: int = 0) -> dict[str, torch.Tensor]:
    """The first two blocks of a state in torchvision's form, with a bit of its classifier."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for index, (before, after) in {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128)}.items():
        weight = torch.randn(after, before, 3, 3, generator=generator) * (2 / 9 / before) ** 0.5
        state[f"features.{index}.weight"] = weight
        state[f"features.{index}.bias"] = torch.randn(after, generator=generator) * 0.1
    state["classifier.6.bias"] = torch.zeros(1000)
    return state


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "any.pth"
    torch.save(small_state(), path)
    return hashed(path)


def hashed(path: Path) -> Path:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return path.rename(path.with_name(f"vgg19-{digest[:8]}.pth"))


@pytest.mark.long
def test_layers_are_torchvisions():
    features = torchvision.models.vgg19(weights=None).features
    names = [f"block{b}_conv{c}" for b, n in enumerate((2, 2, 4, 4, 4), 1) for c in range(1, n + 1)]
    relus = [i for i, layer in enumerate(features) if isinstance(layer, torch.nn.ReLU)]
    assert [layer_index(name) for name in names] == relus
    assert layer_index("block1_conv2") == 3 and layer_index("block2_conv1") == 6
    assert layer_index(3) == layer_index("3") == 3


@pytest.mark.long
def test_features_equal_torchvisions_network(weights):
    vgg = VggFeatures(weights, ["block1_conv2", "block2_conv1"], feature_scale=2.0)
    reference = torchvision.models.vgg19(weights=None).features[:9].eval()
    state = {k.removeprefix("features."): v for k, v in small_state().items() if "feat" in k}
    reference.load_state_dict(state)
    image = torch.rand(2, 3, 32, 16)
    normalised = torchvision.transforms.functional.normalize(
        image, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    )
    got = vgg(image * 2 - 1)
    for features, depth in zip(got, (4, 7), strict=True):
        expected = 2 * reference[:depth](normalised)
        torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-4)
    assert got[0].shape == (2, 64, 32, 16)


def test_a_file_in_torchs_older_form_is_read_too(tmp_path, weights):
    """torchvision's own file of VGG-19 has that form."""
    old = tmp_path / "old.pth"
    torch.save(small_state(), old, _use_new_zipfile_serialization=False)
    image = torch.rand(1, 3, 16, 8)
    one, other = VggFeatures(old, [6])(image), VggFeatures(weights, [6])(image)
    assert torch.equal(one[0], other[0])


def test_the_trunk_is_torchvisions_down_to_its_names():
    vgg = VggFeatures(None, ["block5_conv4"])
    with torch.device("meta"):
        reference = torchvision.models.vgg19(weights=None, init_weights=False).features
    found, wanted = vgg.trunk.state_dict(), reference.state_dict()
    assert {k: v.shape for k, v in found.items()} == {k: v.shape for k, v in wanted.items()}
    assert all(value.device.type == "cpu" and value.isfinite().all() for value in found.values())
    first = vgg.trunk[0].weight
    assert first.abs().max() <= 27**-0.5 and first.std() > 0.1  # drawn, not left over in memory


def test_features_come_in_the_order_asked_and_no_deeper(weights):
    vgg = VggFeatures(weights, ["block2_conv1", 3])
    assert [f.shape[1] for f in vgg(torch.zeros(1, 3, 16, 8))] == [128, 64]
    assert len(vgg.trunk) == 7


def test_the_scale_belongs_to_the_caffe_network(weights):
    image = torch.rand(1, 3, 16, 8)
    plain, scaled = VggFeatures(weights, [3], 1.0), VggFeatures(weights, [3])
    assert scaled.feature_scale == 57
    torch.testing.assert_close(scaled(image)[0], 57 * plain(image)[0])


def test_weights_are_frozen_and_gradients_reach_the_image(weights):
    vgg = VggFeatures(weights, ["block1_conv2"])
    image = torch.rand(1, 3, 16, 8, requires_grad=True)
    vgg(image)[0].sum().backward()
    assert image.grad.any()
    assert not any(p.requires_grad for p in vgg.parameters())
    assert not vgg.training


def test_pixels_stand_in_for_any_layer():
    pixels = PixelFeatures(["block1_conv2", "block2_conv1"])
    image = torch.tensor([-1.0, 0.0, 1.0]).view(1, 3, 1, 1)
    first, second = pixels(image)
    assert first.flatten().tolist() == [-127.5, 0.0, 127.5]
    assert torch.equal(first, second)


@pytest.mark.parametrize("layer", ["block1_conv3", "block6_conv1", "conv1", 0, 4, 99, "relu"])
def test_an_unknown_layer_is_refused_with_an_example(layer):
    with pytest.raises(UsageError, match="block1_conv2"):
        layer_index(layer)


def test_a_given_file_is_taken_when_its_hash_is_right(weights):
    assert find_vgg(weights) == weights


def test_a_file_with_a_wrong_hash_is_refused(weights):
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    with pytest.raises(DamagedError, match="SHA-256"):
        find_vgg(weights)


def test_a_file_without_a_hash_in_its_name_is_taken_as_it_is(tmp_path):
    path = tmp_path / "mine.pth"
    torch.save(small_state(), path)
    assert find_vgg(path) == path


def test_a_missing_file_says_where_to_get_it(tmp_path):
    with pytest.raises(UsageError) as caught:
        find_vgg(tmp_path / "absent.pth")
    assert "absent.pth" in caught.value.message
    assert "--vgg FILE" in caught.value.message and "--features pixels" in caught.value.message


def test_the_cache_is_looked_into_before_the_network(tmp_path):
    torch.save(small_state(), tmp_path / VGG.name)
    with pytest.raises(DamagedError, match="dcbb9e9d"):  # found there, and not the real one
        find_vgg(cache=tmp_path, fetch=lambda *_: pytest.fail("no need of the network"))


def test_it_is_downloaded_into_the_cache_with_its_hash_prefix(tmp_path):
    asked = []

    def fetch(url: str, path: Path, prefix: str) -> None:
        asked.append((url, path, prefix))
        path.write_bytes(b"something else")

    with pytest.raises(DamagedError):
        find_vgg(cache=tmp_path / "new", fetch=fetch)
    assert asked == [
        (f"https://download.pytorch.org/models/{VGG.name}", tmp_path / "new" / VGG.name, "dcbb9e9d")
    ]


@pytest.mark.parametrize("error", [URLError("no route"), TimeoutError(), RuntimeError("hash")])
def test_without_a_network_one_line_says_what_to_do(tmp_path, error):
    def fetch(*_: object) -> None:
        raise error

    with pytest.raises(UsageError) as caught:
        find_vgg(cache=tmp_path, fetch=fetch)
    assert "\n" not in caught.value.message and "--features pixels" in caught.value.message


def test_no_download_when_told_so(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        find_vgg(cache=tmp_path, download=False, fetch=lambda *_: pytest.fail("told not to"))


def test_another_networks_state_is_refused(tmp_path):
    torch.save({"features.0.weight": torch.zeros(64, 3, 5, 5)}, tmp_path / "other.pth")
    with pytest.raises(
        UsageError, match=r"state of VGG-19.*\(64, 3, 5, 5\) by features\.0\.weight"
    ):
        VggFeatures(tmp_path / "other.pth", ["block1_conv1"])
    with pytest.raises(UsageError, match=r"nothing by features\.2\.weight"):
        torch.save(
            {"features.0.weight": torch.zeros(64, 3, 3, 3), "features.0.bias": torch.zeros(64)},
            tmp_path / "short.pth",
        )
        VggFeatures(tmp_path / "short.pth", ["block1_conv2"])
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(DamagedError, match="a list and no tensors by name"):
        VggFeatures(tmp_path / "list.pth", ["block1_conv1"])


def test_a_weights_file_never_runs_code(tmp_path):
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return (Path.touch, (marker,))

    for name, save in (
        ("zip.pth", lambda path: torch.save(Evil(), path)),
        ("raw.pth", lambda path: path.write_bytes(pickle.dumps(Evil()))),
        ("text.pth", lambda path: path.write_text("not weights")),
    ):
        save(tmp_path / name)
        with pytest.raises(DamagedError) as caught:
            VggFeatures(tmp_path / name, ["block1_conv1"])
        assert "--features pixels" in caught.value.message
    assert not marker.exists()
