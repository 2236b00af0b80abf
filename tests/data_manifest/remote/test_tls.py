"""Shards over TLS: a certificate that is trusted, and one that is not."""

from __future__ import annotations

import os
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from commands import program
from shard_folders import publish_folder
from web_folders import WebFolder, served

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def web(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebFolder]:
    folder = tmp_path_factory.mktemp("elsewhere") / "shards"
    publish_folder(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with served(folder, context) as found:
        yield found


def inspect(
    web: WebFolder, tmp_path: Path, trusted: trustme.CA
) -> subprocess.CompletedProcess[str]:
    trusted.cert_pem.write_to_path(str(tmp_path / "trusted.pem"))
    words = [web.address, "--verify", "--cache", str(tmp_path / "cache")]
    return subprocess.run(
        program("inspect-shards", *words),
        env={**os.environ, "SSL_CERT_FILE": str(tmp_path / "trusted.pem")},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_a_trusted_certificate_opens_the_folder(
    web: WebFolder, authority: trustme.CA, tmp_path: Path
) -> None:
    done = inspect(web, tmp_path, authority)
    assert done.returncode == 0, done.stderr


def test_another_one_is_refused_at_once_in_a_line(web: WebFolder, tmp_path: Path) -> None:
    before = web.asked["manifest.json"]
    done = inspect(web, tmp_path, trustme.CA())
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "a certificate that this machine does not trust; check the address" in done.stderr
    assert web.asked["manifest.json"] == before
