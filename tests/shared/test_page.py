from __future__ import annotations

import base64
import hashlib
import re

import numpy as np
import pytest
from pages_read import assert_whole

from shared.page import Markup, element, escaped, joined, name, page, picture_bytes, table

HOSTILE = "</title><script>alert(1)</script><img src=x onerror=\"a('b')\">&amp;"


def test_text_is_escaped_wherever_it_enters():
    whole = page(
        HOSTILE,
        HOSTILE,
        [(HOSTILE, "one", [HOSTILE, element("p", HOSTILE, title=HOSTILE), name(HOSTILE)])],
    )
    read = assert_whole(whole)
    assert not [tag for tag, _ in read.elements if tag in ("script", "img")]
    assert read.text.count(HOSTILE) == 8
    assert [each["title"] for tag, each in read.elements if "title" in each] == [HOSTILE]


def test_markup_stands_as_it_is():
    assert joined(Markup("<b>x</b>"), "<i>", 3, None, [2.5]) == "<b>x</b>&lt;i&gt;32.5"


@pytest.mark.parametrize("sign", ["\0", "\x1b", "\u202e", "\u200b", "\udcff", "\n", "\u2028"])
def test_what_cannot_be_seen_is_written_as_its_number(sign: str):
    assert escaped(f"a{sign}b") == f"a\\u{ord(sign):04x}b"


def test_other_scripts_stay_readable():
    assert escaped("straße → 人") == "straße → 人"


def test_a_long_name_is_cut():
    assert len(name("x" * 5_000)) < 200


def test_style_and_script_are_the_only_ones_that_the_policy_allows():
    whole = page("a", "b", [], script="let a = 1 < 2;").decode()
    for kind in ("style", "script"):
        (content,) = re.findall(rf"<{kind}>(.*?)</{kind}>", whole, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src &#x27;sha256-{digest}&#x27;" in whole
    assert "script-src &#x27;none&#x27;" in page("a", "b", []).decode()


def test_numbers_of_a_table_stand_on_the_right():
    html = table(("who", "many"), [("a", "1"), (element("th", "b"), "2")])
    assert html.count('<td class="number">') == 2 and "<td>a</td>" in html and "<th>b</th>" in html


def test_equal_pixels_make_equal_bytes():
    pixels = np.random.default_rng(1).integers(0, 256, (20, 12, 3), np.uint8)
    assert picture_bytes(pixels) == picture_bytes(pixels.copy())
    assert picture_bytes(pixels) != picture_bytes(255 - pixels)
