from __future__ import annotations

import pytest
import torch
from torch import nn

from shared.errors import UsageError
from train.device import find_device, full_precision, put_on, set_up_device

CUDA = torch.cuda.is_available()


@pytest.mark.skipif(CUDA, reason="allowed: needs a machine without CUDA")
def test_without_cuda_auto_is_the_cpu_and_cuda_is_refused() -> None:
    assert find_device("auto") == torch.device("cpu")
    with pytest.raises(UsageError, match="a CUDA device, found none"):
        find_device("cuda")


def test_setting_up_asks_torch_for_equal_bits_or_for_speed() -> None:
    try:
        set_up_device("cpu", deterministic=True)
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.backends.cudnn.benchmark
        set_up_device("cpu")
        assert not torch.are_deterministic_algorithms_enabled()
        assert torch.backends.cudnn.benchmark
    finally:
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.benchmark = False


def test_networks_lie_channels_last() -> None:
    network = put_on(torch.device("cpu"), nn.Conv2d(3, 5, (4, 2)))
    assert network.weight.is_contiguous(memory_format=torch.channels_last)


def test_kernels_of_one_pixel_have_the_strides_of_their_gradients_on_a_gpu() -> None:
    network = put_on(torch.device("cpu"), nn.Conv2d(6, 5, 1))
    assert network.weight.stride() == (6, 1, 6, 6)
    network(torch.ones(1, 6, 3, 2)).sum().backward()
    assert network.weight.requires_grad and network.weight.grad is not None


def test_full_precision_ends_with_its_block() -> None:
    switch = torch.backends.cudnn
    name = "allow_tf32"
    if hasattr(switch, "conv"):
        switch, name = switch.conv, "fp32_precision"
    before = getattr(switch, name)
    with pytest.raises(ZeroDivisionError), full_precision():
        assert getattr(switch, name) in (False, "ieee")
        raise ZeroDivisionError
    assert getattr(switch, name) == before
