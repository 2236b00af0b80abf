from __future__ import annotations

import pytest

from shared.errors import UsageError
from train.launch import Launch, find_launch

TORCHRUN = {
    "RANK": "5",
    "WORLD_SIZE": "8",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "4",
    "MASTER_ADDR": "node-0",
    "MASTER_PORT": "29500",
}


def test_without_a_launcher_a_process_is_alone_and_first() -> None:
    for environment in ({}, {"RANK": "1"}, {"WORLD_SIZE": "2"}):
        alone = find_launch(environment)
        assert alone == Launch()
        assert alone.is_alone and alone.is_first and not alone.is_launched


def test_a_process_of_torchrun_knows_its_numbers() -> None:
    launch = find_launch(TORCHRUN)
    assert (launch.rank, launch.size, launch.local_rank, launch.local_size) == (5, 8, 1, 4)
    assert launch.is_launched and not launch.is_alone and not launch.is_first


def test_without_local_numbers_all_are_on_one_machine() -> None:
    environment = {name: text for name, text in TORCHRUN.items() if "LOCAL" not in name}
    launch = find_launch(environment)
    assert (launch.local_rank, launch.local_size) == (5, 8)


def test_the_only_process_of_a_launcher_is_alone_and_needs_no_meeting_place() -> None:
    launch = find_launch({"RANK": "0", "WORLD_SIZE": "1"})
    assert launch.is_alone and launch.is_first and launch.is_launched


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("RANK", "8", "RANK: expected a whole number from 0 to 7, found '8'"),
        ("RANK", "-1", "found '-1'"),
        ("RANK", "", "found ''"),
        ("RANK", "1" * 5000, "found '11111111111111111111'"),
        ("WORLD_SIZE", "0", "WORLD_SIZE: expected a whole number from 1"),
        ("WORLD_SIZE", "two", "found 'two'"),
        ("LOCAL_RANK", "4", "LOCAL_RANK: expected a whole number from 0 to 3"),
        ("LOCAL_WORLD_SIZE", "x", "LOCAL_WORLD_SIZE"),
        ("MASTER_ADDR", "", "expected MASTER_ADDR beside it, found none"),
        ("MASTER_PORT", "", "expected MASTER_PORT beside it, found none"),
        ("MASTER_PORT", "99999", "MASTER_PORT: expected a whole number from 1 to 65535"),
    ],
)
def test_numbers_that_no_launcher_gives_are_one_line(name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        find_launch({**TORCHRUN, name: text})
    assert said in refused.value.message
    assert "torchrun --no-python" in refused.value.message
