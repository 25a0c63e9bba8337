# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rewardkit.errors import RewardkitError
from rewardkit.evaluate import evaluate
from rewardkit.evaluate.figure import draw, save
from rewardkit.pairs import Pairs


def two_dimensions(count: int = 200) -> Pairs:
    rng = np.random.default_rng(0)
    return Pairs.of(
        np.arange(count),
        np.arange(count) + count,
        rng.random(count) < 0.7,
        dimension=np.arange(count) % 2,
        dimensions=("prosody", "emotion"),
    )


def test_a_panel_for_each_dimension_with_its_bins():
    result = evaluate(two_dimensions(), np.random.default_rng(1).normal(size=200), resamples=100)
    figure = draw(result)
    assert [axes.get_title().split(",")[0] for axes in figure.axes] == ["prosody", "emotion"]
    calibration = result["prosody"].calibration
    assert calibration is not None
    (points,) = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert list(points.get_xdata()) == [row.confidence for row in calibration.bins]
    assert list(points.get_ydata()) == [row.agreement.value for row in calibration.bins]


def test_equal_evaluations_give_equal_files(tmp_path: Path):
    result = evaluate(two_dimensions(), np.ones(200), resamples=50)
    save(result, tmp_path / "one.svg")
    save(result, tmp_path / "two.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    save(result, tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_drawn(tmp_path: Path):
    result = evaluate(two_dimensions(), np.ones(200), resamples=0)
    with pytest.raises(RewardkitError, match=r"bad_option.*\.png, \.svg"):
        save(result, tmp_path / "x.pdf")
    ties = evaluate(Pairs.of([0], [1], [0.5], tie=[1.0]), [1.0])
    with pytest.raises(RewardkitError, match="every judgement is a tie"):
        save(ties, tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []
