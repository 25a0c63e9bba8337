# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resynthesis: what is too short for it is said to be, like what is not voiced."""

from __future__ import annotations

import numpy as np
import pytest
from rewardkit_scorers.manipulations import MANIPULATIONS
from rewardkit_scorers.perturbations import PERTURBATIONS

from rewardkit.clip import Clip
from rewardkit.perturbations import NotApplicable
from rewardkit.testing import voice


@pytest.mark.parametrize("count", [0, 1, 160, 799, 800, 16_000])
def test_short_or_voiceless_clips_are_not_changed(count: int) -> None:
    samples = voice(1.0).samples[:count] if count < 16_000 else np.zeros(count, np.float32)
    for change in PERTURBATIONS:
        with pytest.raises(NotApplicable):
            change.make(samples, 16_000, np.random.default_rng(0))
    for manipulation in MANIPULATIONS:
        values = {knob.name: knob.neutral for knob in manipulation.knobs} | {"tempo": 2.0}
        with pytest.raises(NotApplicable):
            manipulation(Clip(samples, 16_000), values)
