"""Sample sheets over time: chosen evenly, compressed, and steered by one slider for all runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.page import (
    Markup,
    element,
    joined,
    name,
    paragraph,
    picture_address,
    picture_bytes,
)
from shared.pictures import RefusedPictureError, content_of, decode_any, resized
from train.report.read_run import RunFacts

MAX_BYTES: Final = 10_000_000
"""Compressed sheets beyond it are left out; in the page they take 4/3 as much."""

MAX_WIDTH_PX: Final = 1000

Sheet = tuple[int, Path]

SCRIPT: Final = """
"use strict";
(() => {
  const films = [...document.querySelectorAll(".film")];
  const steer = document.querySelector(".steer");
  if (!steer) return;
  const slider = steer.querySelector("input");
  const told = steer.querySelector("output");
  const all = films.flatMap((film) => [...film.children].map((one) => +one.dataset.images));
  const times = [...new Set(all)].sort((a, b) => a - b);
  if (times.length < 2) return;
  slider.max = times.length - 1;
  slider.value = slider.max;
  steer.hidden = false;
  document.querySelector(".sheets").classList.add("still");
  const show = () => {
    const now = times[slider.value];
    told.textContent = now.toLocaleString("en") + " images";
    for (const film of films) {
      const sheets = [...film.children];
      const past = sheets.filter((one) => +one.dataset.images <= now);
      const best = past.length ? past[past.length - 1] : sheets[0];
      for (const one of sheets) one.hidden = one !== best;
    }
  };
  slider.addEventListener("input", show);
  show();
})();
"""


def draw_sheets(runs: Sequence[RunFacts], number: int) -> Markup:
    """Show some sheets of each run, beside each other without JavaScript, one at a time with it.

    Args:
        runs: The runs.
        number: Sheets of each run at most.
    """
    room, films, notes = MAX_BYTES // len(runs), [], list[Markup]()
    for run in runs:
        frames, num_left_out = _frames(run, number, room)
        head = element("h3", name(run.label))
        if not frames:
            films.append(element("div", head, paragraph("No sheets yet.", class_="faint")))
            continue
        films.append(element("div", head, element("div", frames, class_="film", tabindex="0")))
        if num_left_out:
            words = f": {num_left_out} sheets are too large for the page or cannot be read."
            notes.append(paragraph(name(run.label), words, class_="faint"))
    steer = element(
        "label",
        "Time",
        element("input", type="range", min=0, max=0, value=0, aria_label="Images seen"),
        element("output"),
        class_="steer",
        hidden=True,
    )
    words = "What the averaged generator makes of fixed test pairs, people it has never seen."
    return joined(paragraph(words), steer, element("div", films, class_="sheets"), notes)


def _frames(run: RunFacts, number: int, room: int) -> tuple[list[Markup], int]:
    """Return a run's sheets by age, the newest taken first while there is room."""
    frames, left_out = [], 0
    for images, path in reversed(_evenly(run.sheets, number)):
        try:
            pixels = decode_any(content_of(path))
        except RefusedPictureError:
            left_out += 1
            continue
        data = picture_bytes(_narrowed(pixels))
        room -= len(data)
        if room < 0:
            left_out += 1
            continue
        words = f"{images:,} images"
        height, width = _narrowed(pixels).shape[:2]
        picture = element(
            "img", src=picture_address(data), alt=f"Sample sheet after {words}", width=width,
            height=height,
        )  # fmt: skip
        caption = element("figcaption", words)
        frames.append(element("figure", caption, picture, data_images=images))
    return frames[::-1], left_out


def _evenly(things: Sequence[Sheet], number: int) -> list[Sheet]:
    """Choose so many things at even distances, the last one surely and the first one if two."""
    if len(things) <= number:
        return list(things)
    if number < 2:
        return list(things[-1:])[:number]
    last = len(things) - 1
    return [things[round(at * last / (number - 1))] for at in range(number)]


def _narrowed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    if width <= MAX_WIDTH_PX:
        return pixels
    return resized(pixels, (max(1, round(height * MAX_WIDTH_PX / width)), MAX_WIDTH_PX))
