"""Values that lie exactly on a border or at a threshold, for quads and for fits."""

from __future__ import annotations

import numpy as np
import pytest
from poses import standing_pose
from twin_geometry import fit_affine

from shared import affine, geometry, least_squares
from shared.skeleton import JOINT, MASK_LIMB_END, PARTS

SQUARE = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
ON_BORDER = np.array([[0, 0], [4, 4], [2, 0], [4, 1], [3, 4], [0, 2.0]])
OUTSIDE = np.array([[-0.001, 2], [4.001, 2], [2, -0.001], [2, 4.001], [5, 0.0]])


@pytest.mark.parametrize("quad", [SQUARE, SQUARE[::-1]], ids=["clockwise", "the other way"])
def test_a_point_on_the_border_lies_inside_of_a_quad(quad: np.ndarray) -> None:
    assert geometry.points_in_quads(quad, ON_BORDER).all()
    assert not geometry.points_in_quads(quad, OUTSIDE).any()


def test_quads_of_either_direction_may_stand_side_by_side() -> None:
    inside = geometry.points_in_quads(np.stack([SQUARE, SQUARE[::-1]]), ON_BORDER)
    assert inside.shape == (2, len(ON_BORDER)) and inside.all()
    mixed = geometry.points_in_quads(np.stack([SQUARE, SQUARE[::-1]]), [[2.0, 2.0], [9.0, 2.0]])
    assert mixed.tolist() == [[True, False], [True, False]]


def test_quads_of_single_precision_decide_in_double(rng: np.random.Generator) -> None:
    turned = SQUARE @ np.array([[1.1, 0.7], [-0.7, 1.3]])
    quads = (rng.uniform(-9, 9, (400, 1, 2)) + turned * rng.uniform(1, 9, (400, 1, 1))).astype("f4")
    share = rng.random((400, 1))
    exact = quads.astype(np.float64)
    on_border = (1 - share) * exact[:, 0] + share * exact[:, 1] + rng.normal(0, 1e-7, (400, 2))
    decided, expected = (
        [geometry.points_in_quads(quad, point).item() for quad, point in zip(of, at, strict=True)]
        for of, at in ((quads, on_border[:, None]), (exact, on_border[:, None]))
    )
    assert decided == expected and 100 < sum(expected) < 300


def test_a_limb_of_the_smallest_length_has_a_quad_and_one_of_none_has_not() -> None:
    pose = standing_pose()
    pose[JOINT["RKne"]] = pose[JOINT["RHip"]] + (0, 1e-9)
    pose[JOINT["LKne"]] = pose[JOINT["LHip"]]
    quads = geometry.limb_quads(pose, MASK_LIMB_END)
    assert np.isfinite(quads[0]).all() and np.isnan(quads[1]).all()


def test_one_point_of_the_head_is_enough_for_its_square() -> None:
    pose = standing_pose()
    pose[[JOINT[name] for name in ("nose", "REye", "LEye", "REar")]] = np.nan
    half = 0.4 * geometry.torso_lengths(pose)
    corners = geometry.head_quads(pose) - pose[JOINT["LEar"]]
    np.testing.assert_allclose(corners, half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]))


def test_a_scatter_exactly_at_the_threshold_is_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    # The corners of this square are normalised already: both axes' scatter is 4 to the bit.
    corners = np.array([[[-1.0, -1], [1, -1], [1, 1], [-1, 1]]])
    monkeypatch.setattr(least_squares, "SINGULAR", 4.0)
    assert fit_affine(corners, corners)[1].all()
    monkeypatch.setattr(least_squares, "SINGULAR", np.nextafter(4.0, 5.0))
    assert not fit_affine(corners, corners)[1].any()


def limb_status(length: float, torso: float) -> int:
    """Status of the right thigh of two equal poses with a torso and a thigh of these lengths."""
    pose = np.full((18, 2), np.nan)
    for name, point in {"RSho": (0, 0), "LSho": (torso, 0)}.items():
        pose[JOINT[name]] = point
    pose[JOINT["RHip"]], pose[JOINT["LHip"]] = (0, torso), (torso, torso)
    pose[JOINT["RKne"]] = (0, torso + length)
    _, status = affine.pair_transforms(pose[None], pose[None])
    return int(status[0, PARTS.index("R thigh")])


@pytest.mark.parametrize("torso", [1.0, 50.0])
@pytest.mark.parametrize(("scatter", "expected"), [(1.01e-9, 1), (0.99e-9, 0), (1e-6, 1)])
def test_a_limb_is_singular_below_a_normalised_scatter_of_1e_9(
    scatter: float, expected: int, torso: float
) -> None:
    # Four corners at +-length / 2 and +-width: normalised, the smaller scatter is
    # 8 width^2 / (width^2 + (length / 2)^2), where the quad is 1.21 times as long as the limb.
    width = 0.2
    length = 2 * np.sqrt(8 * width**2 / scatter - width**2) / 1.21
    assert limb_status(length * torso, torso) == expected


@pytest.mark.parametrize("short", ["source", "target"])
def test_a_limb_that_is_singular_on_one_side_has_no_transform(short: str) -> None:
    pose = standing_pose()
    other = pose.copy()
    other[JOINT["RKne"]] = other[JOINT["RHip"]] + (0, 1e-5)
    pair = (other, pose) if short == "source" else (pose, other)
    _, status = affine.pair_transforms(pair[0][None], pair[1][None])
    assert status[0, PARTS.index("R thigh")] == 0 and status[0, PARTS.index("L thigh")] == 1


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize(("scatter", "fits"), [(1.01e-9, True), (0.99e-9, False), (1e-6, True)])
def test_points_are_on_a_line_below_a_normalised_scatter_of_1e_9(
    side: str, scatter: float, fits: bool
) -> None:
    flat = np.sqrt(scatter / (8 - scatter))
    thin = np.array([[[-1, -flat], [1, -flat], [1, flat], [-1, flat]]])
    wide = np.array([[[-1.0, -1], [1, -1], [1, 1], [-1, 1]]])
    points = (wide, thin) if side == "source" else (thin, wide)
    matrices, good = fit_affine(*points)
    assert good.tolist() == [fits]
    expected = np.diag([1, flat] if side == "source" else [1, 1 / flat])
    if fits:
        np.testing.assert_allclose(matrices[0, :, :2], expected, rtol=1e-6, atol=1e-9)
