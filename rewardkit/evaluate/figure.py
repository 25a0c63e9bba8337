# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The reliability diagram: how often a reward is right, by how sure it is."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rewardkit.errors import RewardkitError
from rewardkit.evaluate.calibration import Calibration
from rewardkit.evaluate.evaluation import Evaluation
from rewardkit.evaluate.result import DimensionResult
from rewardkit.files import replace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENDINGS: Final = (".png", ".svg")

_POINT, _LINE = "#2166ac", "#404040"


def check_ending(path: str | Path) -> None:
    """Refuse a file name that no format belongs to, or that lies in no folder.

    Raises:
        RewardkitError: `bad_option`, `no_folder`.
    """
    if not Path(path).parent.is_dir():
        raise RewardkitError("no_folder", f"{Path(path).parent} is not a folder")
    if Path(path).suffix.lower() not in ENDINGS:
        raise RewardkitError(
            "bad_option", f"{path}: a reliability diagram ends in {', '.join(ENDINGS)}"
        )


def save(evaluation: Evaluation, path: str | Path) -> None:
    """Draw the reliability diagram of each dimension and write it.

    Args:
        evaluation: With calibration.
        path: Ends in `.png` or `.svg`.

    Raises:
        RewardkitError: `bad_option` for another ending, or when no judgement chose a side.
    """
    from matplotlib import rc_context

    check_ending(path)
    kind = Path(path).suffix.lower()[1:]
    figure = draw(evaluation)
    data = io.BytesIO()
    metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {}
    with rc_context({"svg.hashsalt": "rewardkit"}):  # equal evaluations give equal files
        figure.savefig(data, format=kind, dpi=150, metadata=metadata)
    replace(Path(path), data.getvalue())


def draw(evaluation: Evaluation) -> Figure:
    """The picture as a matplotlib figure; no window is opened and no global state touched.

    Args:
        evaluation: With calibration.

    Raises:
        RewardkitError: `bad_option` when no judgement chose a side.
    """
    from matplotlib.figure import Figure

    shown = [(r, r.calibration) for r in evaluation.dimensions if r.calibration is not None]
    if not shown:
        raise RewardkitError("bad_option", "nothing to draw: every judgement is a tie")
    figure = Figure(figsize=(3.6 * len(shown), 3.9), layout="constrained")
    for place, (result, found) in enumerate(shown, start=1):
        _panel(figure.add_subplot(1, len(shown), place), result, found)
    return figure


def _panel(axes: Axes, result: DimensionResult, found: Calibration) -> None:
    axes.plot([0.5, 1], [0.5, 1], color=_LINE, lw=0.8, ls="--", label="calibrated")
    for row in found.bins:
        share = row.agreement
        if share.low is not None and share.high is not None:
            axes.plot([row.confidence] * 2, [share.low, share.high], color=_POINT, lw=1)
    axes.plot(
        [row.confidence for row in found.bins],
        [row.agreement.value for row in found.bins],
        "o",
        color=_POINT,
        ms=4,
        label="bins of equal mass",
    )
    axes.set_xlim(0.48, 1.02)
    axes.set_ylim(bottom=min(0.4, axes.get_ylim()[0]), top=1.02)
    axes.set_xlabel("confidence")
    axes.set_ylabel("preferred by listeners")
    axes.legend(fontsize=7, loc="upper left")
    slope = "" if found.slope is None else f", slope {found.slope.value:.2f}"
    axes.set_title(
        f"{result.dimension}, {result.pairs} pairs\n"
        f"ECE {found.error:.3f} (by chance {found.floor:.3f}){slope}",
        fontsize=9,
    )
