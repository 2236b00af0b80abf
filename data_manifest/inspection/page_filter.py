"""The filter by identity: a search box that works where JavaScript does, and hides where not."""

from __future__ import annotations

from typing import Final

from shared.page import Markup, element

SCRIPT: Final = """
"use strict";
(() => {
  const box = document.getElementById("filter");
  const told = document.getElementById("told");
  const things = [...document.querySelectorAll("[data-identity]")];
  const groups = [...document.querySelectorAll("[data-group]")];
  const all = document.querySelector("#people details");
  box.parentElement.hidden = false;
  const apply = () => {
    const words = box.value.trim().split(/[\\s,;]+/).filter(Boolean);
    const wanted = new Set(words.map((word) => word.replace(/^0+(?=.)/, "")));
    let shown = 0;
    for (const thing of things) {
      const fits = !wanted.size || wanted.has(thing.dataset.identity);
      thing.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    for (const group of groups) {
      const some = group.querySelector("[data-identity]:not([hidden])");
      group.hidden = Boolean(wanted.size) && !some;
    }
    if (all && wanted.size) all.open = true;
    told.textContent = wanted.size ? shown + " shown" : "";
  };
  box.addEventListener("input", apply);
  apply();
})();
"""


def search_box() -> Markup:
    """Return the box; :data:`SCRIPT` shows it."""
    return element(
        "div",
        element(
            "input", type="search", id="filter", placeholder="Identity, such as 0002",
            aria_label="Show these identities only", autocomplete="off", spellcheck="false",
        ),
        " ",
        element("output", id="told", class_="faint"),
        hidden=True,
    )  # fmt: skip
