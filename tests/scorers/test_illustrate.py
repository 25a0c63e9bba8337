# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What scorers show of a clip is what they measured."""

from __future__ import annotations

import numpy as np
import pytest
from rewardkit_scorers.pitch import Pitch
from rewardkit_scorers.timing import Timing

from rewardkit.clip import Clip
from rewardkit.curves import Curve, Illustrated, Span
from rewardkit.testing import voice


def test_pitch_shows_the_f0_that_it_measured() -> None:
    clip = voice(2.0, pitch=180)
    assert isinstance(Pitch(), Illustrated)
    (curve,) = Pitch().illustrate(clip)
    assert isinstance(curve, Curve)
    assert np.nanmedian(curve.values) == pytest.approx(Pitch()(clip)["f0_median"], rel=1e-6)


def test_timing_shows_the_pauses_that_it_counted() -> None:
    speech = voice(2.0).samples
    gap = np.zeros(8_000, np.float32)
    clip = Clip(np.concatenate([speech, gap, speech]), 16_000)
    shown = Timing().illustrate(clip)
    pauses = [span for span in shown if isinstance(span, Span)]
    values = Timing()(clip)
    assert len(pauses) == values["pause_count"]
    longest = max(span.stop - span.start for span in pauses)
    assert longest == pytest.approx(values["pause_max"], abs=1e-6)
    (level,) = (curve for curve in shown if isinstance(curve, Curve))
    assert level.times[-1] == pytest.approx(clip.duration, abs=0.02)


@pytest.mark.parametrize("scorer", [Pitch(), Timing()])
@pytest.mark.parametrize("length", [0, 100, 20_000])
def test_there_may_be_nothing_to_show(scorer: Illustrated, length: int) -> None:
    silence = Clip(np.zeros(length, np.float32), 16_000)
    assert not [span for span in scorer.illustrate(silence) if isinstance(span, Span)]
