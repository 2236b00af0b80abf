"""The networks of IS, FID and LPIPS with random weights, against torchmetrics and by hand."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from scored_pictures import (
    smooth_image,
    write_alexnet,
    write_inception_2015,
    write_inception_torchvision,
)

from shared.errors import DamagedError, UsageError
from train.metrics.deep import Inception2015, InceptionTorchvision, Lpips
from train.metrics.frechet import fit_gaussian, frechet_distance
from train.metrics.weights import WEIGHT_FILES, find_weights, load_weights

pytestmark = pytest.mark.long

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    write_inception_2015(folder)
    write_inception_torchvision(folder)
    write_alexnet(folder)
    return folder


@pytest.fixture
def images(rng: np.random.Generator) -> torch.Tensor:
    return torch.from_numpy(np.stack([smooth_image(rng, (64, 40)) for _ in range(4)]))


def test_features_are_those_that_torchmetrics_takes_fid_of(
    weights: Path, images: torch.Tensor
) -> None:
    from torchmetrics.image import FrechetInceptionDistance

    path = find_weights(weights, "inception-2015")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = FrechetInceptionDistance(feature_extractor_weights_path=str(path))
    reference.update(images.permute(0, 3, 1, 2), real=True)
    features = Inception2015(path, CPU)(images).pooled.astype(np.float64)
    assert features.std() > 0
    np.testing.assert_allclose(features.sum(0), reference.real_features_sum.numpy(), rtol=1e-4)
    products = features.T @ features
    found = reference.real_features_cov_sum.numpy()
    np.testing.assert_allclose(products, found, rtol=1e-3, atol=1e-4 * products.max())


def test_a_set_has_fid_0_to_itself(weights: Path, images: torch.Tensor) -> None:
    features = Inception2015(find_weights(weights, "inception-2015"), CPU)(images[:3])
    assert features.pooled.shape == (3, 2048) and features.logits.shape == (3, 1008)
    fitted = fit_gaussian(features.pooled)
    spread = float((fitted.factor**2).sum())
    assert frechet_distance(fitted, fitted) == pytest.approx(0, abs=1e-9 * max(spread, 1))


def test_gflas_features_are_torchvisions_network_on_gflas_input(
    weights: Path, images: torch.Tensor
) -> None:
    from torchvision.models import inception_v3

    path = find_weights(weights, "inception-torchvision")
    network = inception_v3(weights=None, init_weights=False).eval()
    network.load_state_dict(load_weights(path))
    network.fc = torch.nn.Identity()
    pixels = images[:2].permute(0, 3, 1, 2).float() / 255
    pixels = torch.nn.functional.interpolate(pixels, (299, 299), mode="bilinear")
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pixels = pixels * (std / 0.5)[:, None, None] + ((mean - 0.5) / 0.5)[:, None, None]
    with torch.inference_mode():
        expected = network(pixels).numpy()
    found = InceptionTorchvision(path, CPU)(images[:2])
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_lpips_is_the_weighted_distance_of_normalised_features(
    weights: Path, images: torch.Tensor
) -> None:
    import torchmetrics
    from torchvision.models import alexnet

    path = find_weights(weights, "alexnet")
    features = alexnet(weights=None).features.eval()
    state = {k.removeprefix("features."): v for k, v in load_weights(path).items()}
    features.load_state_dict(state)
    folder = Path(torchmetrics.__file__).parent / "functional/image/lpips_models"
    heads = torch.load(folder / "alex.pth", map_location="cpu", weights_only=True)
    shift = torch.tensor([-0.030, -0.088, -0.188])[:, None, None]
    scale = torch.tensor([0.458, 0.448, 0.450])[:, None, None]
    pair = [(i.permute(0, 3, 1, 2) / 127.5 - 1 - shift) / scale for i in (images[:2], images[2:4])]
    expected = torch.zeros(2)
    with torch.inference_mode():
        for layer, module in enumerate(features[:12]):
            pair = [module(x) for x in pair]
            if layer in (1, 4, 7, 9, 11):
                a, b = (x / (x.square().sum(1, keepdim=True) + 1e-8).sqrt() for x in pair)
                head = heads[f"lin{(1, 4, 7, 9, 11).index(layer)}.model.1.weight"]
                expected += ((a - b) ** 2 * head).sum(1).mean((1, 2))
    found = Lpips(path, CPU)(images[:2], images[2:4])
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-4)
    assert Lpips(path, CPU)(images, images).abs().max() == 0


@pytest.mark.parametrize("key", list(WEIGHT_FILES))
def test_a_missing_file_is_one_line_that_says_how_to_get_it(key: str, tmp_path: Path) -> None:
    for folder in (tmp_path, None):
        with pytest.raises(UsageError) as error:
            find_weights(folder, key)
        assert WEIGHT_FILES[key].url in str(error.value) and "curl" in str(error.value)
        assert "\n" not in str(error.value)


def test_a_damaged_or_foreign_file_is_refused(weights: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn.pth"
    torn.write_bytes((weights / WEIGHT_FILES["alexnet"].name).read_bytes()[:5000])
    other = tmp_path / "other.pth"
    torch.save({"one": torch.zeros(3)}, other)
    for network in (Inception2015, InceptionTorchvision, Lpips):
        for path in (torn, other):
            with pytest.raises(DamagedError, match=path.name):
                network(path, CPU)


def test_a_file_that_holds_code_never_runs_it(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "ran",))  # type: ignore[return-value]

    torch.save({"weight": Evil()}, tmp_path / "evil.pth")
    for network in (Inception2015, InceptionTorchvision, Lpips):
        with pytest.raises(DamagedError):
            network(tmp_path / "evil.pth", CPU)
    assert not (tmp_path / "ran").exists()
