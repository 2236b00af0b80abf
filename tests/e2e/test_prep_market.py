"""The prep-market command as a user runs it: real files, real exit codes, processes to kill."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from commands import call, program
from small_market import SmallMarket, hashes, jpeg, make_market, tree

from data_manifest.manifest import open_manifest
from data_manifest.tables import load_images, load_pairs
from shared.folder_lock import folder_lock


def options(market: SmallMarket, out: Path, *more: str) -> list[str]:
    return [
        "--src", str(market.root.parent), "--out", str(out), "--keypoints",
        str(market.keypoints), "--shard-size", "100KB", "--workers", "1", *more,
    ]  # fmt: skip


def arguments(market: SmallMarket, out: Path, *more: str) -> list[str]:
    return program("prep-market", *options(market, out, *more))


def prep(market: SmallMarket, out: Path, *more: str) -> Result:
    return call("prep-market", *options(market, out, *more))


def test_a_folder_becomes_shards_and_a_second_run_only_verifies(tmp_path: Path) -> None:
    market, out = make_market(tmp_path, identities=2), tmp_path / "out"
    first = prep(market, out)
    assert first.exit_code == 0, first.stderr
    assert "joints found" in first.stdout and "parts of the train pairs" in first.stdout
    before = tree(out)
    second = prep(market, out)
    assert second.exit_code == 0 and "4 shards verified, nothing to do" in second.stderr
    assert second.stdout == first.stdout
    assert {**tree(out), ".lock": 0} == {**before, ".lock": 0}


def kill_and_repeat(market: SmallMarket, out: Path, expected: dict[str, str], kills: int) -> int:
    """Kill runs at random moments; whatever is published at any time must be right.

    Three of four kills fall some new shards into the run, the others anywhere, also while Python
    still starts. A run that came to its end loses its manifest and some shards for the next one.

    Returns:
        In how many runs new shards were published before the kill.
    """
    moments = random.Random(kills)
    fruitful = 0
    for number in range(kills):
        present = len(hashes(out))
        wanted = present + moments.randrange(1, 4)
        latest = time.monotonic() + (moments.random() * 1.5 if number % 4 == 3 else 60)
        process = subprocess.Popen(
            arguments(market, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and time.monotonic() < latest:
            if len(list(out.glob("*.h5"))) >= wanted:
                time.sleep(moments.random() * 0.03)
                break
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
        published = hashes(out)
        fruitful += len(published) > present
        assert published.items() <= expected.items()
        notes = {path.stem for path in (out / ".work" / "shards").glob("*.json")}
        assert len(published.keys() - notes) <= 1, "more than one shard would be made again"
        if (out / "manifest.json").exists():
            assert published == expected
            (out / "manifest.json").unlink()
            for path in moments.sample(sorted(out.glob("*.h5")), len(expected) // 2):
                path.unlink()
    return fruitful


def check_kills(tmp_path: Path, kills: int) -> None:
    market = make_market(tmp_path, identities=12)
    assert prep(market, tmp_path / "reference").exit_code == 0
    expected = hashes(tmp_path / "reference")
    out = tmp_path / "out"
    assert kill_and_repeat(market, out, expected, kills) >= kills // 3
    assert prep(market, out).exit_code == 0
    assert hashes(out) == expected
    assert hashes(out, "*.csv") == hashes(tmp_path / "reference", "*.csv")
    assert list(out.rglob("*.part")) == []


@pytest.mark.process
def test_killed_at_any_moment_the_same_command_continues(tmp_path: Path) -> None:
    check_kills(tmp_path, 5)


@pytest.mark.promises
def test_killed_at_any_moment_promised(tmp_path: Path) -> None:
    check_kills(tmp_path, 50)


@pytest.mark.soak
def test_killed_at_any_moment_soak(tmp_path: Path) -> None:
    check_kills(tmp_path, 1000)


@pytest.mark.process
def test_a_killed_run_with_processes_harms_nothing(tmp_path: Path) -> None:
    market = make_market(tmp_path, identities=10)
    assert prep(market, tmp_path / "reference").exit_code == 0
    out = tmp_path / "out"
    process = subprocess.Popen(arguments(market, out, "--workers", "2"), stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(out.glob("*.h5")):
        time.sleep(0.002)
    process.kill()
    process.wait()
    assert prep(market, out).exit_code == 0
    assert hashes(out) == hashes(tmp_path / "reference")


@pytest.mark.process
def test_the_second_run_on_a_folder_is_told_at_once_who_has_it(tmp_path: Path) -> None:
    market, out = make_market(tmp_path, identities=1), tmp_path / "out"
    cpu_seconds = []
    with folder_lock(out):
        for _ in range(3):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            second = subprocess.run(
                arguments(market, out), capture_output=True, text=True, check=False, timeout=100
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu_seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
            assert second.returncode == 4
            assert f"process {os.getpid()}" in second.stderr
            assert len(second.stderr.strip().splitlines()) == 1
    assert min(cpu_seconds) < 1, "it did more than to start and to look"
    assert prep(market, out).exit_code == 0


@pytest.mark.process
def test_a_full_disk_ends_with_one_line_and_exit_code_5(tmp_path: Path) -> None:
    market, out = make_market(tmp_path, identities=1), tmp_path / "out"

    python, flag, code, *given = arguments(market, out)
    small_files = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)); "
    done = subprocess.run(
        [python, flag, small_files + code, *given], capture_output=True, text=True, check=False
    )
    assert done.returncode == 5, done.stderr
    assert "train-00000.h5" in done.stderr and "Traceback" not in done.stderr
    assert hashes(out) == {}
    assert prep(market, out).exit_code == 0


def test_too_many_bad_images_end_with_exit_code_1(tmp_path: Path) -> None:
    market, out = make_market(tmp_path, identities=2), tmp_path / "out"
    (market.folder("train") / market.names["train"][0]).write_bytes(b"")
    done = prep(market, out)
    assert done.exit_code == 1 and "1 of 16" in done.stderr
    assert load_images(out)["reason"].tolist().count("empty file") == 1
    assert prep(market, out, "--max-bad", "0.1").exit_code == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--image-size", "128"], "--image-size: expected HEIGHTxWIDTH"),
        (["--image-size", "100x64"], "--image-size: expected HEIGHTxWIDTH, multiples of 8"),
        (
            ["--shard-size", "10"],
            "--shard-size: expected a number of bytes like 48MB, 100KB to 2GB",
        ),
        (["--keypoints", "nowhere.csv"], "nowhere.csv"),
        (["--config", "nowhere.toml"], "nowhere.toml"),
        (["--joint-threshold", "2"], "--joint-threshold"),
    ],
)
def test_wrong_use_ends_with_exit_code_2_and_names_the_option(
    more: list[str], said: str, tmp_path: Path
) -> None:
    market = make_market(tmp_path, identities=1)
    done = prep(market, tmp_path / "out", *more)
    assert done.exit_code == 2
    assert said in done.stderr and "Traceback" not in done.stderr


def test_options_come_from_a_toml_file_and_the_command_line_wins(tmp_path: Path) -> None:
    market = make_market(tmp_path, identities=1)
    config = tmp_path / "settings.toml"
    config.write_text('num-test-pairs = 3\nimage_size = "96x40"\n')
    done = prep(market, tmp_path / "out", "--config", str(config), "--num-test-pairs", "2")
    assert done.exit_code == 0, done.stderr
    assert len(load_pairs(tmp_path / "out", "test")) == 2
    assert open_manifest(tmp_path / "out").image_size == (96, 40)
    config.write_text("num-test-pears = 3\n")
    wrong = prep(market, tmp_path / "other", "--config", str(config))
    assert wrong.exit_code == 2 and "did you mean 'num_test_pairs'" in wrong.stderr


def test_a_dry_run_leaves_no_trace(tmp_path: Path) -> None:
    market = make_market(tmp_path, identities=2)
    done = prep(market, tmp_path / "out", "--dry-run")
    assert done.exit_code == 0 and "time: about" in done.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.process
def test_the_published_annotations_give_the_published_figures(
    published_data: Path, tmp_path: Path
) -> None:
    annotations = published_data / "market-annotation-train.csv"
    blank = jpeg(np.random.default_rng(0))
    folder = tmp_path / "Market" / "bounding_box_train"
    folder.mkdir(parents=True)
    for line in annotations.read_text().splitlines()[1:]:
        (folder / line.split(":")[0]).write_bytes(blank)
    out = tmp_path / "out"
    done = call("prep-market", "--src", tmp_path, "--out", out, "--keypoints", annotations)
    assert done.exit_code == 0, done.stderr
    manifest = open_manifest(out)
    assert (manifest.num_images("train"), manifest.num_pairs("train")) == (12_116, 263_632)
    assert all(entry.num_bytes <= 48_000_000 for entry in manifest.shards)
    pairs = load_pairs(out)
    assert len(pairs.drop_duplicates(["from", "to"])) == 263_632
    parts = {row[0]: row[1:] for row in manifest.summary["parts of the train pairs"]["rows"]}
    missing = {part: float(row[2].split()[0]) for part, row in parts.items()}
    mirrored = {part: float(row[1].split()[0]) for part, row in parts.items()}
    bounds = {
        "torso": (0, 0), "head": (28.3, 28.3), "thigh": (8.4, 8.7), "calf": (27, 27.4),
        "upper arm": (20, 23), "forearm": (46.8, 49.4),
    }  # fmt: skip
    for part, share in missing.items():
        low, high = bounds[part.removeprefix("R ").removeprefix("L ")]
        assert low - 0.2 <= share <= high + 0.2, part
    for part, low, high in (("upper arm", 13, 15), ("forearm", 14, 15.1), ("calf", 7, 7.1)):
        assert all(low - 0.2 <= mirrored[f"{s} {part}"] <= high + 0.2 for s in "RL")


def test_the_manifest_is_plain_json_with_the_settings_and_versions(tmp_path: Path) -> None:
    market, out = make_market(tmp_path, identities=1), tmp_path / "out"
    assert prep(market, out).exit_code == 0
    plain = json.loads((out / "manifest.json").read_text())
    assert plain["settings"]["shards"]["image_size"] == [128, 64]
    assert plain["settings"]["keypoints"][0].startswith("keypoints.csv ")
    assert {"python", "numpy", "h5py"} <= plain["versions"].keys()
