# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values by rank, against NumPy's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewardkit_scorers._ranks import quantile, ranked

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)
SHARES = st.floats(0, 1)


@given(VALUES, SHARES)
def test_a_quantile_is_numpy_s(values: list[float], share: float) -> None:
    made = quantile(np.array(values), share)
    assert made == pytest.approx(float(np.quantile(values, share)), rel=1e-9, abs=1e-6)


@given(VALUES, SHARES)
def test_a_rank_is_that_of_the_sorted_values(values: list[float], share: float) -> None:
    assert ranked(np.array(values), share) == sorted(values)[round(share * (len(values) - 1))]
