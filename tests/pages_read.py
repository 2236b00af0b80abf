"""Reading pages as a browser does, to see that they hold what they should and reach for nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

HOST = re.compile(r"(?:https?:)?//\w|url\(|@import", re.IGNORECASE)


class PageRead(HTMLParser):
    """A page: its elements with their attributes, and its text outside of script and style."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._inside = ""
        self.feed(page.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def ids(self) -> list[str]:
        return [str(each["id"]) for _, each in self.elements if "id" in each]

    def links(self) -> list[str]:
        return [str(each["href"])[1:] for tag, each in self.elements if tag == "a"]


def assert_whole(page: bytes) -> PageRead:
    """A page reaches for nothing, holds no script but its own, and its links lead somewhere."""
    read = PageRead(page)
    for tag, attributes in read.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        for name in ("src", "href"):
            address = attributes.get(name)
            if address is not None and (tag, name) != ("a", "href"):
                assert address.startswith("data:image/jpeg;base64,"), (tag, address[:60])
    assert sum(tag == "script" for tag, _ in read.elements) <= 1
    plain = re.sub(rb"data:image/jpeg;base64,[\w+/=]+", b"", page).decode()
    styles = "".join(re.findall(r"<(?:style|script)>(.*?)</", plain, re.DOTALL))
    assert not HOST.search(styles)
    ids = read.ids()
    assert len(ids) == len(set(ids))
    assert set(read.links()) <= set(ids)
    policy = next(each["content"] for tag, each in read.elements if "http-equiv" in each)
    assert policy is not None and policy.startswith("default-src 'none'")
    return read
