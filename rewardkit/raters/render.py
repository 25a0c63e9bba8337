# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A report on raters as text, and as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from rewardkit.raters.measures import Measured, RaterReport
from rewardkit.raters.share import Share
from rewardkit.raters.weights import weights


def to_json(report: RaterReport) -> dict[str, Any]:
    """As JSON values."""
    by_rater = weights(report)
    raters = [dataclasses.asdict(one) | {"weight": by_rater[one.rater]} for one in report.raters]
    return dataclasses.asdict(report) | {"raters": raters, "flagged": list(report.flagged)}


def render(report: RaterReport, *, most: int = 50) -> str:
    """As text: agreement, one line for each rater, then what is held against some.

    Args:
        report: See `rewardkit.raters.report`.
        most: How many raters are listed at most, the lightest; flags are listed for all.
    """
    lines = [f"{report.votes} votes by {len(report.raters)} raters"]
    lines += [f"left out: {count} {why}" for why, count in sorted(report.left_out.items())]
    for name, found in report.alpha.items():
        text = ", ".join(f"{metric} {alpha}" for metric, alpha in found.items())
        lines.append(f"{name}: Krippendorff's alpha {text}")
    if report.agreement is not None:
        lines.append(f"mean agreement with the others: {report.agreement:.2f}")
    lines += [*report.notes, "", _row("rater", "votes", "weight", "reliability", "agreement",
                                      "own", "golden", "side a", "ties", "s", "flags")]  # fmt: skip
    by_rater = weights(report)
    lines += [_line(one, by_rater[one.rater]) for one in report.raters[:most]]
    if len(report.raters) > most:
        lines.append(f"… and {len(report.raters) - most} more")
    if report.flagged:
        lines += ["", f"flagged: {len(report.flagged)} of {len(report.raters)}; nothing is deleted"]
    for one in report.raters:
        lines += [f"  {_plain(one.rater)}: {reason}" for reason in one.flags.values()]
    return "\n".join(lines)


def _line(one: Measured, weight: float) -> str:
    values = [value for value, _, _ in one.reliability.values()]
    return _row(
        _plain(one.rater),
        str(one.votes),
        f"{weight:.2f}",
        "–" if not values else "/".join(f"{value:.2f}" for value in values),
        _short(one.agreement),
        _short(one.consistency),
        _short(one.golden),
        _short(one.side),
        _short(one.ties),
        "–" if one.seconds is None else f"{one.seconds:.1f}",
        ", ".join(one.flags) or "",
    )


def _row(rater: str, *cells: str) -> str:
    numbers = "  ".join(f"{cell:>{width}}" for cell, width in zip(
        cells[:-1], (5, 6, 11, 9, 5, 6, 6, 5, 5), strict=True
    ))  # fmt: skip
    return f"{rater[:24]:<24}  {numbers}  {cells[-1]}".rstrip()


def _short(found: Share | None) -> str:
    return "–" if found is None else f"{found.value:.2f}"


def _plain(text: str) -> str:
    """A name as it is, but for what would act on the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
