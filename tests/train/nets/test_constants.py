"""Constants are made once a device: on CUDA each new one would have to be waited for."""

from __future__ import annotations

import pytest
import torch
from host_traffic import HostTraffic

from shared.affine import NO_TRANSFORM
from train.nets.constants import constant, no_transform, picked

CPU = torch.device("cpu")


def test_a_constant_is_made_once_for_each_type() -> None:
    first = constant((1.0, 2.5), torch.float32, CPU)
    assert constant((1.0, 2.5), torch.float32, CPU) is first
    assert constant((1.0, 2.5), torch.float64, CPU).dtype == torch.float64
    assert first.tolist() == [1.0, 2.5]


def test_a_constant_that_was_first_asked_for_without_gradients_serves_them() -> None:
    with torch.inference_mode():
        made = constant((3.0, 7.0), torch.float32, CPU)
    weight = torch.ones(2, requires_grad=True)
    (weight * made).sum().backward()
    assert weight.grad is not None and weight.grad.tolist() == [3.0, 7.0]


def test_columns_are_picked_in_the_order_given() -> None:
    values = torch.arange(24).view(2, 4, 3)
    assert torch.equal(picked(values, (3, 0, 0)), values[:, [3, 0, 0]])


def test_the_mark_of_a_missing_transform_is_the_shards() -> None:
    assert no_transform(torch.ones(1, dtype=torch.float64)).tolist() == NO_TRANSFORM.tolist()


@pytest.mark.parametrize("column", [[0, 1], torch.tensor([True, False])])
def test_the_watch_sees_what_waits(
    column: list[int] | torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("host_traffic.WATCHED", "tests")
    with HostTraffic() as traffic:
        values = torch.tensor([1.0, 2.0])
        float(values[column].sum())
        torch.add(values, 1)
    kinds = [line.split()[1] for line in traffic.found]
    assert kinds == ["tensor:", "__getitem__:", "__float__:"]
