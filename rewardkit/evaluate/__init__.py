# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluation: does a reward agree with listeners, is it honest about it, and by what shortcut?

Accuracy, calibration, trivial rules, partial correlations, slices, ranks of systems, and two
models on the same pairs; every number with an interval that resamples speakers where they are
known. numpy only.
"""

from rewardkit.evaluate.agreement import evaluate
from rewardkit.evaluate.bootstrap import Bootstrap, Interval
from rewardkit.evaluate.calibration import Bin, Calibration, calibration
from rewardkit.evaluate.compare import Comparison, DimensionComparison, compare
from rewardkit.evaluate.evaluation import Evaluation
from rewardkit.evaluate.partial import Partial
from rewardkit.evaluate.result import DimensionResult, RuleResult
from rewardkit.evaluate.scores import compared, correctness, cross_entropy, decided
from rewardkit.evaluate.slices import Facets, Slice, facets, label_sides
from rewardkit.evaluate.systems import System, SystemResult

__all__ = [
    "Bin",
    "Bootstrap",
    "Calibration",
    "Comparison",
    "DimensionComparison",
    "DimensionResult",
    "Evaluation",
    "Facets",
    "Interval",
    "Partial",
    "RuleResult",
    "Slice",
    "System",
    "SystemResult",
    "calibration",
    "compare",
    "compared",
    "correctness",
    "cross_entropy",
    "decided",
    "evaluate",
    "facets",
    "label_sides",
]
