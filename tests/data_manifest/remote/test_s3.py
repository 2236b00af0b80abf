"""Shards in an S3 bucket of a local server: read, copied there and back, with its faults."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import call
from drawn_shards import publish_shards

from data_manifest.listed import read_all
from data_manifest.manifest import open_manifest
from data_manifest.remote.folder import opened
from data_manifest.settings import CacheSettings
from data_manifest.shard import read_shard
from shared.addresses import Address

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("default")]

KEY, SECRET = "AKIAFORTHISTEST", "wJalrXUtnFEMIsecret"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = importlib.import_module("moto.server").ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A fresh bucket's name; the environment holds what a user's would."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("POSEGAN_CACHE", str(tmp_path / "cache"))
    name = f"b{abs(hash(tmp_path)) % 10**9}"
    system(endpoint).mkdir(name)
    return name


def system(endpoint: str) -> object:
    s3fs = importlib.import_module("s3fs")
    return s3fs.S3FileSystem(
        key=KEY, secret=SECRET, endpoint_url=endpoint, skip_instance_cache=True,
        use_listings_cache=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_shards(tmp_path_factory.mktemp("s3") / "shards", train_shards=2)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "."}


def test_shards_go_to_a_bucket_are_read_there_and_come_back(
    bucket: str, shards: Path, tmp_path: Path
) -> None:
    address = f"s3://{bucket}/some/shards"
    done = call("copy-shards", shards, address)
    assert done.exit_code == 0, done.stderr
    folder = opened(Address(address), CacheSettings(cache=tmp_path / "a cache"))
    manifest = open_manifest(folder)
    assert manifest == open_manifest(shards)
    for entry, arrays in zip(manifest.shards, read_all(folder, manifest.shards), strict=True):
        assert arrays.images.tobytes() == read_shard(shards / entry.file).images.tobytes()
    done = call("inspect-shards", address)
    assert done.exit_code == 0 and "train: 2 shards" in done.stdout, done.stderr
    done = call("copy-shards", address, tmp_path / "back")
    assert done.exit_code == 0, done.stderr
    assert files(tmp_path / "back") == files(shards)
    again = call("copy-shards", shards, address)
    assert again.exit_code == 0 and "; 0 copied" in again.stdout


def test_faults_of_a_bucket_are_one_line_without_keys(
    bucket: str, endpoint: str, shards: Path, tmp_path: Path
) -> None:
    address, there = f"s3://{bucket}/shards", system(endpoint)
    said = []

    def refused(code: int, *words: object) -> str:
        done = call(*map(str, words))
        assert done.exit_code == code, done.stderr
        lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        said.append(done.stderr)
        assert len(lines) == 1 and done.stderr.splitlines()[-1] == lines[0], done.stderr
        return lines[0]

    assert "expected a shard folder with manifest.json" in refused(2, "inspect-shards", address)
    none = "s3://no-such-bucket-of-ours/shards"
    assert none in refused(2, "inspect-shards", none)
    assert call("copy-shards", shards, address).exit_code == 0
    there.pipe_file(f"{bucket}/shards/train-00000.h5", b"x" * 70_000)  # type: ignore[attr-defined]
    assert "found other bytes, twice" in refused(6, "copy-shards", address, tmp_path / "out")
    there.rm_file(f"{bucket}/shards/train-00000.h5")  # type: ignore[attr-defined]
    assert "no such file" in refused(6, "copy-shards", address, tmp_path / "out")
    there.pipe_file(f"{bucket}/else/manifest.json", b"the only copy")  # type: ignore[attr-defined]
    assert "other shards" in refused(2, "copy-shards", shards, f"s3://{bucket}/else")
    assert there.cat_file(f"{bucket}/else/manifest.json") == b"the only copy"  # type: ignore[attr-defined]
    assert KEY not in "".join(said) and SECRET not in "".join(said)
