"""``share-generator`` against a hub on this machine: what leaves, arrives and is refused."""

from __future__ import annotations

import errno
import json
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from commands import call
from generators import untrained
from stand_in_hub import StandInHub, stand_in_hub

from shared.files import publish, publish_json
from shared.owned_folder import owned_folder
from train.export.make import COMMAND as EXPORT
from train.inference.exported import config_of, weights_bytes
from train.inference.painter import open_painter
from train.share import hub as hub_module

TOKEN = "hf_thisIsASecretOfTheUser"
REPO = "somebody/small-generator"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandInHub]:
    pytest.importorskip("huggingface_hub")
    with stand_in_hub() as standing:
        monkeypatch.setenv("HF_ENDPOINT", standing.address)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf-home"))
        yield standing


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A folder as export-generator makes it, of a generator that nobody trained."""
    trained = untrained("layers")
    weights = weights_bytes(trained)
    with owned_folder(tmp_path / "model", EXPORT) as folder:
        names = ("model.safetensors", "README.md", "config.json")
        folder.intend(names)
        publish(folder.path / names[0], weights)
        publish(folder.path / names[1], b"---\nlicense: mit\n---\n# A card\n")
        publish_json(folder.path / names[2], config_of(trained, weights, {}, {}))
    return tmp_path / "model"


def push(export: Path, *more: str) -> Result:
    return call("share-generator", "push", "--export", export, "--repo", REPO, *more)


def pull(out: Path, *more: str) -> Result:
    return call("share-generator", "pull", "--out", out, "--repo", REPO, *more)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".")
    }


def one_line(done: Result, code: int) -> str:
    assert done.exit_code == code, (done.stdout, done.stderr, done.exception)
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and done.stderr.splitlines()[-1] == lines[0]
    return lines[0]


def test_what_is_pushed_is_pulled_and_draws(hub: StandInHub, export: Path, tmp_path: Path) -> None:
    done = push(export)
    assert done.exit_code == 0, done.stderr
    assert hub.repos[REPO] == files(export)
    assert hub.private == {REPO: True}
    done = pull(tmp_path / "fetched")
    assert done.exit_code == 0, done.stderr
    fetched = files(tmp_path / "fetched")
    origin = json.loads(fetched.pop("pulled.json"))
    assert fetched == files(export)
    assert (origin["repo"], origin["commit"]) == (REPO, "c0ffee" + "0" * 34)
    assert open_painter(tmp_path / "fetched", device="cpu").image_size == (64, 32)


def test_the_token_reaches_the_hub_and_nobody_else(
    hub: StandInHub, export: Path, tmp_path: Path
) -> None:
    said = [push(export), pull(tmp_path / "fetched")]
    hub.refuses = 403
    said.append(push(export))
    assert hub.tokens == {f"Bearer {TOKEN}"}
    for done in said:
        assert TOKEN not in done.stdout + done.stderr
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


def test_only_what_we_made_leaves(hub: StandInHub, export: Path) -> None:
    (export / "holiday.jpg").write_bytes(b"the only copy")
    (export / "model.onnx").write_bytes(b"of somebody else")
    (export / ".env").write_text("PASSWORD=1")
    assert push(export).exit_code == 0
    assert set(hub.repos[REPO]) == {"model.safetensors", "README.md", "config.json"}


def test_a_folder_without_our_mark_does_not_leave(hub: StandInHub, export: Path) -> None:
    (export / ".posegan.json").unlink()
    assert "expected an export, found no mark of ours" in one_line(push(export), 2)
    assert hub.asked == []


@pytest.mark.parametrize("name", ["README.md", "model.safetensors", "config.json"])
def test_a_link_in_the_place_of_a_file_does_not_leave(
    name: str, hub: StandInHub, export: Path, tmp_path: Path
) -> None:
    (export / name).rename(tmp_path / "elsewhere")
    (export / name).symlink_to(tmp_path / "elsewhere")
    assert "expected a file, found a link" in one_line(push(export), 2)
    assert hub.asked == []


def test_a_changed_file_does_not_leave(hub: StandInHub, export: Path) -> None:
    weights = bytearray((export / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (export / "model.safetensors").write_bytes(weights)
    one_line(push(export), 6)
    assert hub.asked == []


@pytest.mark.parametrize("card", [b"\xff\xfe odd", b"x" * 1_000_001])
def test_an_odd_card_is_one_line(card: bytes, hub: StandInHub, export: Path) -> None:
    (export / "README.md").write_bytes(card)
    assert "README.md: expected text" in one_line(push(export), 2)
    assert hub.asked == []


@pytest.mark.parametrize("answer", [b"", b"\x00\xff", b"[]", b'"x"', b"{}", b"[" * 100_000])
def test_a_hub_that_answers_nonsense_is_one_line(
    answer: bytes, hub: StandInHub, export: Path, tmp_path: Path
) -> None:
    hub.nonsense = answer
    one_line(push(export), 2)
    one_line(pull(tmp_path / "fetched"), 2)
    assert not (tmp_path / "fetched").exists()


def test_a_full_disk_of_temporary_files_is_no_space(
    hub: StandInHub, export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/x")

    hub.repos[REPO] = files(export)
    monkeypatch.setattr("huggingface_hub.HfApi.hf_hub_download", full)
    assert "expected space to write" in one_line(pull(tmp_path / "fetched"), 5)
    assert not (tmp_path / "fetched").exists()


def test_a_new_repository_is_public_only_on_wish(hub: StandInHub, export: Path) -> None:
    assert push(export, "--public").exit_code == 0
    assert hub.private == {REPO: False}


def test_a_dry_run_asks_nobody(hub: StandInHub, export: Path, tmp_path: Path) -> None:
    assert push(export, "--dry-run").exit_code == 0
    assert pull(tmp_path / "fetched", "--dry-run").exit_code == 0
    assert hub.asked == [] and not (tmp_path / "fetched").exists()


def test_nothing_but_the_generator_is_fetched(
    hub: StandInHub, export: Path, tmp_path: Path
) -> None:
    evil = {"pytorch_model.bin": b"\x80\x04evil", "model.py": b"raise SystemExit", "../x": b"x"}
    hub.repos[REPO] = {**files(export), **evil}
    assert pull(tmp_path / "fetched").exit_code == 0
    assert set(files(tmp_path / "fetched")) == {*files(export), "pulled.json"}
    assert not any(name in line for line in hub.asked for name in evil)


@pytest.mark.parametrize("name", ["README.md", "model.safetensors", "config.json"])
def test_what_arrives_otherwise_than_listed_is_refused(
    name: str, hub: StandInHub, export: Path, tmp_path: Path
) -> None:
    hub.repos[REPO] = files(export)
    content = bytearray(hub.repos[REPO][name])
    content[len(content) // 2] ^= 1
    hub.swapped[name] = bytes(content)
    assert f"{REPO}/{name}: expected what the hub lists" in one_line(pull(tmp_path / "fetched"), 6)
    assert not (tmp_path / "fetched").exists()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("config.json", b"[1]", 6),
        ("config.json", b"{" * 100_000, 6),
        ("model.safetensors", b"\x80\x04evil pickle", 6),
        ("model.safetensors", b"", 2),
        ("README.md", b"x" * 1_000_001, 2),
    ],
)
def test_a_hostile_repository_leaves_nothing_behind(
    name: str, content: bytes, code: int, hub: StandInHub, export: Path, tmp_path: Path
) -> None:
    hub.repos[REPO] = {**files(export), name: content}
    assert REPO in one_line(pull(tmp_path / "fetched"), code)
    assert not (tmp_path / "fetched").exists()


def test_a_repository_without_a_generator_is_one_line(hub: StandInHub, tmp_path: Path) -> None:
    assert "expected a repository that you may use" in one_line(pull(tmp_path / "fetched"), 2)
    hub.repos[REPO] = {"README.md": b"# hello"}
    assert "no model.safetensors" in one_line(pull(tmp_path / "fetched"), 2)


def test_a_folder_of_somebody_else_is_left_alone(
    hub: StandInHub, export: Path, tmp_path: Path
) -> None:
    hub.repos[REPO] = files(export)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("the only copy")
    one_line(pull(tmp_path / "mine"), 2)
    assert files(tmp_path / "mine") == {"config.json": b"the only copy"}
    one_line(pull(export), 2)  # what was exported is replaced by no pull


def test_another_generator_is_replaced_only_on_wish(
    hub: StandInHub, export: Path, tmp_path: Path
) -> None:
    hub.repos[REPO] = files(export)
    assert pull(tmp_path / "fetched").exit_code == 0
    config = json.loads((tmp_path / "fetched" / "config.json").read_text())
    config["weights"]["sha256"] = "0" * 64
    (tmp_path / "fetched" / "config.json").write_text(json.dumps(config))
    assert "add --overwrite" in one_line(pull(tmp_path / "fetched"), 2)
    assert pull(tmp_path / "fetched", "--overwrite").exit_code == 0
    assert pull(tmp_path / "fetched").exit_code == 0  # the same once more


def test_without_a_network_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, export: Path, tmp_path: Path
) -> None:
    pytest.importorskip("huggingface_hub")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free.getsockname()[1]}")
        for done in (push(export), pull(tmp_path / "fetched")):
            assert "expected a hub that can be reached" in one_line(done, 2)
    assert not (tmp_path / "fetched").exists()


def test_a_missing_extra_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, export: Path
) -> None:
    monkeypatch.setattr(hub_module, "LIBRARY", "no_such_library")
    assert "pip install 'posegan[hub]'" in one_line(push(export), 2)


def test_a_folder_opens_without_the_library_and_with_every_socket_blocked(
    monkeypatch: pytest.MonkeyPatch, export: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("called somebody")

    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert open_painter(export, device="cpu").image_size == (64, 32)


@pytest.mark.parametrize(
    "words",
    [
        ("push", "--repo", "a/b"),
        ("pull", "--repo", "a/b"),
        ("pull", "--repo", "a/b", "--out", "x", "--export", "."),
        ("pull", "--repo", "../b", "--out", "x"),
        ("pull", "--repo", "a/b/c", "--out", "x"),
        ("pull", "--repo", "a/b", "--out", "x", "--revision", "../main"),
        ("steal", "--repo", "a/b", "--out", "x"),
    ],
)
def test_what_cannot_be_meant_is_one_line(words: tuple[str, ...]) -> None:
    one_line(call("share-generator", *words), 2)


def test_a_pulled_folder_can_be_pushed_on(hub: StandInHub, export: Path, tmp_path: Path) -> None:
    hub.repos[REPO] = files(export)
    assert pull(tmp_path / "fetched").exit_code == 0
    shutil.rmtree(export)
    hub.repos.clear()
    assert push(tmp_path / "fetched").exit_code == 0
    assert set(hub.repos[REPO]) == {"model.safetensors", "README.md", "config.json"}
