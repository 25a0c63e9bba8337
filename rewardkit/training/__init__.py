# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Training of reward heads with Lightning; torch is needed here and nowhere else in the head."""

from rewardkit.training.cross_validation import CrossValidation, Fold, cross_validate
from rewardkit.training.fit import Trained, TrainingWarning, fit
from rewardkit.training.options import TrainOptions
from rewardkit.training.regularisation import choose_l2
from rewardkit.training.report import TrainReport

__all__ = [
    "CrossValidation",
    "Fold",
    "TrainOptions",
    "TrainReport",
    "Trained",
    "TrainingWarning",
    "choose_l2",
    "cross_validate",
    "fit",
]
