"""The picture of a run's curves: one panel a quantity, over the number of images seen.

Convention:
    The log is read as somebody may have left it: a record, group or value that is not what it
    should be is passed over, and so is every figure that is not finite.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Points = Sequence[tuple[float, float]]

DOTS_PER_INCH: Final = 110
PANEL_INCHES: Final = (5.2, 3.1)
COLOURS: Final = ("#1f6fb2", "#d1495b", "#3c8d53", "#8a5fb0", "#b8860b", "#555555")
INK, GRID = "#222222", "#dddddd"
NUM_TICKS: Final = 5
STEPS: Final = (1, 2, 5, 10)
LEGEND_COLUMNS: Final = 4
LINES_WITH_DOTS: Final = 30
"""Curves of fewer points show each point, so that a single one is seen too."""

TITLES: Final = {
    "losses": "Losses of the generator, weighted",
    "discriminator": "Loss of the discriminator",
    "gradients": "Norms of the gradients",
    "ssim": "SSIM on fixed test pairs",
    "mask_ssim": "Mask-SSIM on fixed test pairs",
    "speed": "Samples a second",
}
"""Group of a log record to the title of its panel."""


def panels_of(records: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Points]]:
    """Sort a run's log into panels: losses by network, scores with their controls, speed.

    Args:
        records: The log's records: ``images`` and groups of figures by name.

    Returns:
        Title to curves: name to (images, value) points in the order of the log, all finite.
    """
    panels: dict[str, dict[str, Points]] = {}
    for group, title in TITLES.items():
        curves: dict[str, list[tuple[float, float]]] = {}
        for record in records:
            figures = record.get(group)
            images = _number(record.get("images"))
            if images is None or not isinstance(figures, Mapping):
                continue
            for name, figure in figures.items():
                value = _number(figure)
                if value is not None:
                    curves.setdefault(str(name), []).append((images, value))
        panels[title] = dict(curves)
    return panels


def draw_curves(panels: Mapping[str, Mapping[str, Points]], columns: int = 2) -> Image.Image:
    """Draw curves over the number of images seen.

    Args:
        panels: Title of each panel to its curves: name to finite (images, value) points in
            order. A panel without any point is left out.
        columns: Panels beside each other.

    Returns:
        An RGB picture; equal panels give an equal one.
    """
    import matplotlib as mpl  # noqa: PLC0415 - half a second that only drawing needs
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: PLC0415

    filled = {title: curves for title, curves in panels.items() if any(curves.values())}
    rows = max(1, math.ceil(len(filled) / columns))
    size = (columns * PANEL_INCHES[0], rows * PANEL_INCHES[1])
    settings = {k: v for k, v in mpl.rcParamsDefault.items() if k != "backend"}
    with mpl.rc_context(settings):
        layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)
        figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout=layout)
        canvas = FigureCanvasAgg(figure)
        for number, (title, curves) in enumerate(filled.items(), start=1):
            _draw_panel(figure.add_subplot(rows, columns, number), title, curves)
        with warnings.catch_warnings():
            # A name in a strange script, or too long for its panel, is drawn as well as it goes.
            warnings.simplefilter("ignore", UserWarning)
            canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def _number(value: object) -> float | None:
    """Return a finite number as it is, and None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _draw_panel(axes: Axes, title: str, curves: Mapping[str, Points]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415

    for number, (name, points) in enumerate(curves.items()):
        images, values = zip(*points, strict=True) if points else ((), ())
        axes.plot(
            images,
            values,
            label=name.replace("_", " ").replace("$", r"\$"),
            color=COLOURS[number % len(COLOURS)],
            linewidth=1.6,
            marker="o" if len(points) < LINES_WITH_DOTS else "",
            markersize=3.5,
        )
    legend_lines = math.ceil(len(curves) / LEGEND_COLUMNS) if len(curves) > 1 else 0
    axes.set_title(title, fontsize=11, color=INK, loc="left", pad=6 + 13 * legend_lines)
    axes.set_xlabel("images", fontsize=9, color=INK)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.03, y=0.08)
    axes.tick_params(labelsize=9, colors=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(NUM_TICKS, steps=STEPS, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(NUM_TICKS, steps=STEPS))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ticks = axes.get_yticks()
    places = _decimals(float(ticks[1] - ticks[0]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, places)))
    if legend_lines:
        axes.legend(
            fontsize=8,
            frameon=False,
            ncols=LEGEND_COLUMNS,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            borderaxespad=0.1,
            borderpad=0.2,
            handlelength=1.2,
            handletextpad=0.5,
            columnspacing=1.2,
            labelspacing=0.3,
        )


def _decimals(step: float) -> int | None:
    """Choose the decimals that ticks of a step need; None where they would be too many."""
    exponent = math.floor(math.log10(step) + 1e-9)
    return max(0, -exponent) if -6 <= exponent <= 9 else None


def _tick(value: float, places: int | None) -> str:
    return f"{value:.3g}" if places is None else f"{value:,.{places}f}"
