"""Pages of one file: HTML without a host, in which every text is escaped by its type.

Convention:
    A ``str`` is text and is escaped wherever it enters a page; only :class:`Markup` goes in as it
    stands, and only this module and those that draw make it. A page names no host, asks no network
    and is read without JavaScript; its policy lets nothing run or load but what the page holds.
    Equal content makes equal bytes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.page_style import STYLE

NAME_LENGTH: Final = 160
"""So many characters of a name are shown."""

JPEG_QUALITY: Final = 84

_EMPTY: Final = frozenset({"br", "img", "input", "meta", "link", "path", "circle", "rect", "line"})
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_PICTURE: Final = "data:image/jpeg;base64,"


class Markup(str):
    """HTML that stands as it is."""

    __slots__ = ()


Content = str | int | float | None | Iterable["Content"]
"""What may stand inside an element; None is nothing."""


def element(tag: str, /, *content: Content, **attributes: str | float | bool | None) -> Markup:
    """Make an element.

    Args:
        tag: Its name, which is the program's own.
        content: What it holds; all text is escaped.
        attributes: Values are escaped. An underscore of a name is written as a dash, a last one
            is dropped (``class_``). True is an attribute without a value, None and False none.
    """
    words = [tag]
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        key = name.rstrip("_").replace("_", "-")
        words.append(key if value is True else f'{key}="{escaped(_written(value))}"')
    opening = " ".join(words)
    if tag in _EMPTY:
        return Markup(f"<{opening}/>")
    return Markup(f"<{opening}>{joined(*content)}</{tag}>")


def joined(*content: Content) -> Markup:
    """Join contents; texts are escaped."""
    return Markup("".join(_pieces(content)))


def escaped(text: str) -> str:
    """Escape a text for HTML; what cannot be seen is written as its number.

    Characters that control a terminal, hide or turn the text around them, and halves of
    characters would make one name look like another.
    """
    if text.isascii() and text.isprintable():
        return html.escape(text)
    shown = (
        f"\\u{ord(sign):04x}" if unicodedata.category(sign) in _HIDDEN else sign for sign in text
    )
    return html.escape("".join(shown))


def name(text: str) -> Markup:
    """Show a name of somebody else's choice: isolated, and cut where it is too long."""
    cut = text if len(text) <= NAME_LENGTH else f"{text[:NAME_LENGTH]}…"
    return element("bdi", cut)


def table(heads: Sequence[Content], rows: Iterable[Sequence[Content]], *, words: int = 1) -> Markup:
    """Make a table that scrolls sideways where the screen is narrow.

    Args:
        heads: The first line.
        rows: The others. A row may hold ready cells.
        words: So many columns from the left hold words; the others hold numbers.
    """
    top = (
        element("th", head, class_=_kind(at, words), scope="col") for at, head in enumerate(heads)
    )
    lines = (element("tr", [_cell(cell, at, words) for at, cell in enumerate(row)]) for row in rows)
    body = element("table", element("thead", element("tr", top)), element("tbody", lines))
    return element("div", body, class_="scroll", tabindex="0")


def section(title: str, anchor: str, *content: Content) -> Markup:
    """Make a section with a heading that can be linked to."""
    return element("section", element("h2", title), *content, id=anchor)


def paragraph(*content: Content, class_: str | None = None) -> Markup:
    """Make a paragraph."""
    return element("p", *content, class_=class_)


def page(
    title: str,
    lead: Content,
    sections: Sequence[tuple[str, str, Content]],
    *,
    script: str = "",
    tools: Content = None,
) -> bytes:
    """Put a page together.

    Args:
        title: Its title and first heading.
        lead: What stands below the heading.
        sections: (title, anchor, content) of each; a list of links above leads to them.
        script: JavaScript of the program's own; the page must be readable without it.
        tools: What stands beside the links, such as a search box.

    Returns:
        The file, UTF-8.
    """
    links = [element("a", head, href=f"#{anchor}") for head, anchor, _ in sections]
    head = joined(
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(STYLE)),
    )
    body = joined(
        element("header", element("h1", title), lead),
        element("nav", element("div", links, class_="links"), tools, aria_label="Sections"),
        element("main", [section(*each) for each in sections]),
        element("script", Markup(script)) if script else None,
    )
    whole = f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'
    return whole.encode("utf-8")


def picture_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """Compress uint8 (H, W, 3) for a page; equal pixels make equal bytes."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "JPEG", quality=JPEG_QUALITY)
    return stream.getvalue()


def picture_address(data: bytes) -> str:
    """Return the address under which a JPEG stands in the page itself."""
    return _PICTURE + base64.b64encode(data).decode("ascii")


def _policy(script: str) -> str:
    """Allow what the page holds and nothing else."""
    scripts = f"'{_digest(script)}'" if script else "'none'"
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src '{_digest(STYLE)}'; script-src {scripts}"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def _pieces(content: Iterable[Content]) -> Iterable[str]:
    for each in content:
        if isinstance(each, Markup):
            yield each
        elif isinstance(each, str | int | float):
            yield escaped(_written(each))
        elif each is not None:
            yield from _pieces(each)


def _written(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else str(value)


def _cell(cell: Content, at: int, words: int) -> Markup:
    if isinstance(cell, Markup) and cell.startswith(("<td", "<th")):
        return cell
    return element("td", cell, class_=_kind(at, words))


def _kind(at: int, words: int) -> str | None:
    return None if at < words else "number"
