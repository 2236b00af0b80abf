"""Addresses: told from paths, and shown without anything that may be a secret."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.addresses import Address, Place, read_place
from shared.declarations import declared, setting
from shared.errors import UsageError
from shared.settings import as_plain, build


@declared("Main")
class Main:
    shards: Place = setting(path="folder", flag="--shards", help="Shards.")
    more: Place | None = setting(default=None, path="folder", flag="--more", help="More.")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3://bucket/shards", "s3://bucket/shards"),
        ("s3://bucket/a@b/c", "s3://bucket/a@b/c"),
        ("https://host:8080/x/y", "https://host:8080/x/y"),
        ("https://host/x?sig=S3CRET&se=1", "https://host/x"),
        ("https://host/x#S3CRET", "https://host/x"),
        ("https://user:S3CRET@host/x", "https://host/x"),
        ("https://S3CRET@host/x", "https://host/x"),
        ("https://user:S3/CR@ET@host/x", "https://host/x"),
        ("https://user:S3CRET/x", "https://…"),
        ("https://[::1]:80/x", "https://[::1]:80/x"),
        ("zip://shards::https://u:S3CRET@host/a.zip?t=S3CRET", "zip://…host/a.zip"),
        ("https://u:S3::CRET@host/x", "https://…host/x"),
    ],
)
def test_an_address_is_shown_without_secrets(text: str, shown: str) -> None:
    address = read_place(text)
    assert isinstance(address, Address) and address.secret == text
    assert (str(address), repr(address)) == (shown, f"Address({shown!r})")
    assert "S3CRET" not in f"{address} {address!r} {as_plain(Main(shards=address))}"
    assert pickle.loads(pickle.dumps(address)) == address


@settings(deadline=None)
@given(
    st.text("ab:/?#@.1[]%", max_size=8),
    st.text("ab:/@.", max_size=6),
    st.sampled_from(["", "/x", "/x?y=S3CRET", "?S3CRET", "#S3CRET", "/a::b"]),
)
def test_no_password_is_shown_whatever_is_around_it(before: str, after: str, end: str) -> None:
    address = Address(f"https://{before}user:S3CRET{after}@host{end}")
    assert "S3CRET" not in str(address), address.secret


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("shards", "shards"),
        ("a:b/c", "a:b/c"),
        ("a::b", "a::b"),
        ("./s3:/x", "s3:/x"),
        ("/a/b://c", "/a/b:/c"),
        ("file:///a/b", "/a/b"),
    ],
)
def test_paths_stay_paths(text: str, path: str) -> None:
    assert read_place(text) == Path(path)


def test_settings_take_both_and_save_what_is_shown() -> None:
    plain = {"shards": "a/b", "more": "s3://bucket/x"}
    found = build(Main, plain)
    assert found == Main(shards=Path("a/b"), more=Address("s3://bucket/x"))
    assert as_plain(found) == plain
    assert Address("s3://a").scheme == "s3" and Address("S3://a") != Address("s3://a")


@pytest.mark.parametrize("value", ["", "a\0b", 3, None, ["a"]])
def test_anything_else_is_refused_in_one_line(value: object) -> None:
    with pytest.raises(UsageError) as caught:
        Main(shards=value)  # type: ignore[arg-type]
    assert "--shards: expected a folder, or an address" in caught.value.message
