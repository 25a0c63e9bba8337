# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""One dimension's result as plain text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from rewardkit.evaluate.calibration import Calibration
from rewardkit.evaluate.result import DimensionResult
from rewardkit.evaluate.slices import Slice
from rewardkit.evaluate.systems import SystemResult

_SHOWN: Final = 12  # labels of a facet


def dimension(result: DimensionResult) -> Iterable[str]:
    """The lines that tell one dimension's result."""
    yield (
        f"{result.dimension}: {result.pairs} pairs ({result.ties} ties), "
        f"{result.judgements:g} judgements, {result.units} units resampled"
    )
    yield f"  accuracy   {result.accuracy or 'none: every label is a tie'}"
    yield f"  log-loss   {result.log_loss} nat"
    wide = max([10, *(len(rule.choice) for rule in result.rules)])
    for rule in result.rules:
        yield f"  {rule.choice:<{wide}} {rule.accuracy}"
    if result.calibration is not None:
        yield from _calibration(result.calibration)
    if result.partials:
        yield "  partial correlations over pairs"
        for partial in result.partials:
            given = ", ".join(partial.given)
            yield f"    {f'{partial.of} with {partial.to}':<22} {partial.value}" + (
                f" given {given}" if given else ""
            )
    if result.systems is not None:
        yield from _systems(result.systems)
    for facet, rows in groupby(result.slices, key=lambda row: row.facet):
        yield from _slices(facet, list(rows))


def _calibration(found: Calibration) -> Iterable[str]:
    yield (
        f"  calibration: ECE {found.error:.3f} in {len(found.bins)} bins of equal mass "
        f"(a calibrated model: {found.floor:.3f})"
        + (f"; less its bias {found.debiased}" if found.debiased else "")
    )
    if found.slope is not None:
        yield f"    slope    {found.slope} (1: calibrated; below: too sure)"
    yield "    confidence  agreement"
    for row in found.bins:
        yield f"    {row.confidence:<11.3f} {row.agreement}"


def _systems(found: SystemResult) -> Iterable[str]:
    yield f"  systems: Spearman {found.spearman}, Kendall {found.kendall}"
    wide = max(len(system.name) for system in found.systems)
    for system in found.systems:
        yield (
            f"    {system.name:<{wide}}  strength {system.strength:+.2f}  "
            f"reward {system.reward:+.2f}  ({system.judgements:g} judgements)"
        )


def _slices(facet: str, rows: list[Slice]) -> Iterable[str]:
    yield f"  by {facet}"
    wide = max(len(row.label) for row in rows[:_SHOWN])
    for row in rows[:_SHOWN]:
        yield f"    {row.label:<{wide}}  {row.accuracy or 'ties only'}  ({row.pairs} pairs)"
    if rows[_SHOWN:]:
        yield f"    and {len(rows) - _SHOWN} more with fewer judgements, in the JSON form"
