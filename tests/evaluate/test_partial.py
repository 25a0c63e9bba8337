# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewardkit.evaluate import evaluate
from rewardkit.evaluate.partial import beyond, partial_correlation
from rewardkit.pairs import Pairs


def residual_correlation(x: np.ndarray, y: np.ndarray, given_: np.ndarray) -> float:
    """By its definition: the correlation of what least squares on the others leaves."""
    left = [v - given_ @ np.linalg.lstsq(given_, v, rcond=None)[0] for v in (x, y)]
    return float(left[0] @ left[1] / np.sqrt((left[0] @ left[0]) * (left[1] @ left[1])))


@settings(deadline=None)
@given(seed=st.integers(0, 500), variables=st.integers(3, 5))
def test_it_is_the_correlation_of_residuals(seed: int, variables: int):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, variables)) @ rng.normal(size=(variables, variables))
    expected = residual_correlation(x[:, 0], x[:, 1], x[:, 2:])
    assert float(partial_correlation(x.T @ x)) == pytest.approx(expected, abs=1e-5)


def test_a_variable_that_does_not_vary_has_none():
    assert np.isnan(partial_correlation(np.array([[1.0, 0.0], [0.0, 0.0]])))
    with_constant = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert float(partial_correlation(with_constant)) == pytest.approx(0.5, abs=1e-6)


def shortcut(part: float, seed: int = 0) -> tuple[Pairs, np.ndarray, dict[str, np.ndarray]]:
    """Listeners who judge by quality alone; a reward of quality and `part` of duration."""
    rng = np.random.default_rng(seed)
    count = 600
    quality, duration, level = rng.normal(size=(3, 2 * count))
    duration = duration + 0.5 * level
    a, b = np.arange(count), np.arange(count) + count
    win = (quality[a] - quality[b] + rng.logistic(size=count) > 0).astype(float)
    margin = (quality[a] - quality[b]) + part * (duration[a] - duration[b])
    return Pairs.of(a, b, win), margin, {"duration": duration, "level": level}


def test_a_planted_length_shortcut_is_seen_and_an_honest_reward_has_none():
    pairs, margin, numbers = shortcut(1.0)
    result = evaluate(pairs, margin, trivial=numbers)
    partials = {(p.of, p.to, p.given): p.value for p in result["overall"].partials}
    of_length = partials["reward", "duration", ("level", "answer")]
    assert of_length.low is not None
    assert of_length.low > 0.5
    by_listeners = partials["answer", "duration", ("level",)]
    assert by_listeners.low is not None
    assert by_listeners.high is not None
    assert by_listeners.low < 0 < by_listeners.high
    of_level = partials["reward", "level", ("duration",)]  # level itself adds nothing
    assert abs(of_level.value) < 0.15
    assert partials["reward", "answer", ("duration", "level")].value > 0.3
    assert any("shortcut: the reward goes with duration" in text for text in result.warnings)
    honest = evaluate(*shortcut(0.0)[:2], trivial=shortcut(0.0)[2])
    assert not any("shortcut" in text for text in honest.warnings)
    assert set(beyond(honest["overall"].partials)) == {"duration", "level"}


def test_the_numbers_are_those_of_residuals_over_the_pairs():
    pairs, margin, numbers = shortcut(0.5)
    columns = {name: n[pairs.a] - n[pairs.b] for name, n in numbers.items()}
    result = evaluate(pairs, margin, trivial=numbers, resamples=0)["overall"]
    assert len(result.partials) == 7
    for partial in result.partials:
        known = {"reward": margin, "answer": pairs.win - 0.5, **columns}
        given_ = np.stack([known[name] for name in partial.given], axis=1)
        expected = residual_correlation(known[partial.of], known[partial.to], given_)
        assert partial.value.value == pytest.approx(expected, abs=1e-6)
        assert partial.value.low is None


def test_silence_is_left_out_and_nothing_known_gives_nothing():
    pairs, margin, numbers = shortcut(0.5)
    level = numbers["level"].copy()
    level[pairs.a[0]] = -np.inf
    kept = pairs.select(np.arange(1, len(pairs)))
    one = evaluate(pairs, margin, trivial=numbers | {"level": level}, resamples=0)["overall"]
    other = evaluate(kept, margin[1:], trivial=numbers, resamples=0)["overall"]
    for with_silence, without in zip(one.partials, other.partials, strict=True):
        assert with_silence.value.value == pytest.approx(without.value.value, abs=1e-9)
    assert evaluate(pairs, margin)["overall"].partials == ()
    alike = {"duration": np.ones(2 * len(pairs))}
    assert evaluate(pairs, margin, trivial=alike)["overall"].partials == ()
    assert evaluate(pairs, 0 * margin, trivial=numbers)["overall"].partials == ()
