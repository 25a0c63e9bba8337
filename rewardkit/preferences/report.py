# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Report`: what `validate` found in a preference file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rewardkit.preferences.agreement import Agreement
from rewardkit.preferences.issues import Issues
from rewardkit.preferences.shortcuts import Rule


@dataclass(frozen=True)
class DimensionSummary:
    """What a file holds in one dimension.

    Args:
        name: The dimension.
        pairs: Different pairs of clips, whichever the side.
        clips: Different clips.
        judgements: Single judgements: a row of votes counts as its votes, a share as one.
        ties: Judgements that saw no difference.
        contradicted: Pairs that were judged both ways, or as better and as tie.
        components: Groups of clips that are connected by comparisons.
        agreement: How far raters agree; shares without counts are left out.
    """

    name: str
    pairs: int
    clips: int
    judgements: int
    ties: int
    contradicted: int
    components: int
    agreement: Agreement

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "dimension": self.name,
            "pairs": self.pairs,
            "clips": self.clips,
            "judgements": self.judgements,
            "ties": self.ties,
            "contradicted": self.contradicted,
            "components": self.components,
            "agreement": {
                "krippendorff_alpha": self.agreement.alpha,
                "pairs": self.agreement.units,
                "judgements": self.agreement.judgements,
            },
        }


@dataclass(frozen=True)
class Report:
    """What a preference file holds and what is wrong with it.

    Args:
        path: The file.
        errors: What must be mended before training.
        warnings: What is legal, but may not be meant.
        rows: Rows of the file, the broken ones among them.
        skipped: Rows with errors.
        clips: Different paths.
        raters: Different named raters, in rows without errors.
        probed: Whether the clips were opened.
        dimensions: One summary per dimension, by name. Rows with errors are left out.
        rules: How well trivial rules predict the answers, by dimension.
    """

    path: str
    errors: Issues
    warnings: Issues
    rows: int
    skipped: int
    clips: int
    raters: int
    probed: bool
    dimensions: Sequence[DimensionSummary] = field(default_factory=tuple)
    rules: Sequence[Rule] = field(default_factory=tuple)

    @property
    def ok(self) -> bool:
        """Whether it can be trained on: no errors."""
        return not len(self.errors)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; what is not defined is null."""
        return {
            "path": self.path,
            "ok": self.ok,
            "rows": self.rows,
            "skipped": self.skipped,
            "clips": self.clips,
            "raters": self.raters,
            "probed": self.probed,
            "dimensions": [summary.to_dict() for summary in self.dimensions],
            "rules": [rule.to_dict() for rule in self.rules],
            "errors": self.errors.to_dict(),
            "warnings": self.warnings.to_dict(),
        }

    def to_json(self) -> str:
        """As one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    def text(self, listed: int = 50) -> str:
        """For people: a summary, then the first issues, one a line.

        Args:
            listed: How many errors, and how many warnings, are listed.
        """
        unopened = "" if self.probed else ", not opened"
        head = (
            f"{self.path}: {self.rows} rows ({self.skipped} with errors), "
            f"{self.clips} clips{unopened}, {self.raters} named raters"
        )
        parts = [head]
        for summary in self.dimensions:
            alpha = summary.agreement.alpha
            agreement = "not defined" if alpha is None else f"{alpha:.3f}"
            parts.append(
                f"  {summary.name}: {summary.pairs} pairs of {summary.clips} clips in "
                f"{summary.components} connected groups, {summary.judgements} judgements "
                f"({summary.ties} ties), {summary.contradicted} contradicted pairs, "
                f"Krippendorff's alpha {agreement} over {summary.agreement.units} pairs"
            )
            parts += [
                f"    choosing {rule.name}: right in {rule.accuracy:.1%} of {rule.pairs} pairs "
                f"({rule.low:.1%} to {rule.high:.1%})"
                for rule in self.rules
                if rule.dimension == summary.name
            ]
        for title, issues in (("error", self.errors), ("warning", self.warnings)):
            parts.append(f"{len(issues)} {title}{'' if len(issues) == 1 else 's'}")
            if len(issues):
                parts.append(issues.text(listed))
        return "\n".join(parts)
