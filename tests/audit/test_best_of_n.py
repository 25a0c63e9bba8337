# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Best-of-n against enumeration, closed forms and planted exploits."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardkit.audit import BestOfN, HeldOut, best_of_n, curve, drawn, recorded, versions
from rewardkit.audit.best_of_n import grid, picked
from rewardkit.audit.chain import Chain
from rewardkit.audit.spectrum import Level, Spectrum
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.testing import voice
from tests.made import buzz, reward_model

VALUES = st.lists(
    st.tuples(st.integers(-3, 3), st.floats(-10, 10)), min_size=2, max_size=7
)  # few distinct proxies: ties


@given(VALUES, st.integers(1, 7))
def test_the_estimate_is_the_mean_over_all_subsets(pairs: list[tuple[int, float]], n: int) -> None:
    n = min(n, len(pairs))
    bests = []
    for subset in itertools.combinations(pairs, n):
        top = max(p for p, _ in subset)
        bests.append((top, np.mean([j for p, j in subset if p == top])))
    (found,) = picked([p for p, _ in pairs], np.array(pairs, float), (n,))
    if len({p for p, _ in pairs}) == len(pairs):
        assert found == pytest.approx(np.mean(bests, axis=0), abs=1e-9)
    else:  # ties share their mean in the whole sample, in expectation the same
        assert found[0] == pytest.approx(np.mean(bests, axis=0)[0], abs=1e-9)


def test_ties_are_broken_as_if_at_random() -> None:
    proxy, judge = [1.0, 1.0, 0.0], [4.0, 2.0, 9.0]
    found = picked(proxy, np.array(judge)[:, None], (1, 2, 3))[:, 0]
    exact = []
    for n in (1, 2, 3):
        values = [
            judge[max(subset, key=lambda i: (proxy[i], order.index(i)))]
            for order in itertools.permutations(range(3))
            for subset in itertools.combinations(range(3), n)
        ]
        exact.append(np.mean(values))
    assert found == pytest.approx(exact)


def test_gaussian_candidates_give_the_closed_form() -> None:
    """The best of n normal draws: E max is 1/√π for n = 2, 3/(2√π) for 3; the judge ρ of that."""
    rng = np.random.default_rng(0)
    proxy = rng.standard_normal((4000, 8))
    judge = 0.6 * proxy + 0.8 * rng.standard_normal(proxy.shape)
    tables = [
        picked(p, np.column_stack([p, j]), (1, 2, 3)) for p, j in zip(proxy, judge, strict=True)
    ]
    mean, error = np.mean(tables, axis=0), np.std(tables, axis=0) / math.sqrt(len(tables))
    exact = np.array([0, 1 / math.sqrt(math.pi), 1.5 / math.sqrt(math.pi)])
    assert np.all(np.abs(mean[:, 0] - exact) < 4 * error[:, 0])
    assert np.all(np.abs(mean[:, 1] - 0.6 * exact) < 4 * error[:, 1])


def test_more_candidates_do_not_move_the_estimate() -> None:
    """Unbiased: the mean of estimates from 4 and from 16 candidates is the same number."""
    rng = np.random.default_rng(1)
    few, many = (rng.exponential(size=(6000, size)) for size in (4, 16))
    a, b = ([picked(row, row[:, None], (4,))[0, 0] for row in rows] for rows in (few, many))
    error = math.sqrt(np.var(a) / len(a) + np.var(b) / len(b))
    assert abs(np.mean(a) - np.mean(b)) < 4 * error
    assert np.mean(b) == pytest.approx(1 + 1 / 2 + 1 / 3 + 1 / 4, abs=4 * error)


def planted(exploit: float, seed: int = 0) -> BestOfN:
    """60 clips of 64 candidates; an exploit raises the proxy, and a strong one harms."""
    rng = np.random.default_rng(seed)
    quality = rng.standard_normal((60, 64))
    trick = rng.exponential(size=quality.shape) * exploit
    proxy, judge = quality + trick, quality - 0.5 * trick**2
    return best_of_n(proxy.tolist(), judge.tolist())


def test_an_exploit_is_reported_as_a_peak_and_a_fall() -> None:
    found = planted(1.5)
    assert not found.passed
    assert found.fall.high is not None
    assert found.fall.high < 0
    assert found.render().splitlines()[-1].startswith("FAIL  judge peaks at n = ")
    proxies = [point.proxy.value for point in found.points]
    assert proxies == sorted(proxies)


def test_an_honest_proxy_passes() -> None:
    found = planted(0.0)
    assert found.passed
    assert found.peak.n == 64
    assert "gains with the reward" in found.verdict()
    last = found.points[-1]
    assert last.divergence == pytest.approx(math.log(64) - 63 / 64)
    assert last.judge.value == pytest.approx(last.proxy.value)


def test_a_proxy_of_chance_gains_nothing() -> None:
    rng = np.random.default_rng(3)
    found = best_of_n(*rng.standard_normal((2, 40, 16)).tolist())
    assert "neither surely gains nor surely loses" in found.verdict()


def test_candidates_without_a_number_are_left_out_and_counted() -> None:
    found = best_of_n([[0.0, 1.0, None], [0.0, 1.0, 2.0]], [[0.0, 2.0, 5.0], [0.0, 4.0, None]])
    assert (found.left_out, found.candidates) == (2, 2)
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["peak"] == 2
    with pytest.raises(RewardkitError, match="too_few_clips"):
        best_of_n([[0.0, 1.0], [0.0, None]], [[0.0, 2.0], [0.0, 4.0]])
    with pytest.raises(RewardkitError, match="too_few_clips"):
        best_of_n([], [])


def test_the_grid_is_of_powers_of_two_and_the_last() -> None:
    assert grid(2) == (1, 2)
    assert grid(64) == (1, 2, 4, 8, 16, 32, 64)


def test_the_curve_scores_candidates_by_both() -> None:
    model = reward_model()  # longer is better, up to 4 s
    judge = HeldOut("brevity", lambda clips: [-clip.duration for clip in clips], 1.0)
    candidates = [
        [Clip(buzz(seconds), 8_000) for seconds in (1.0, 1.5, 2.0, 3.0)] for _ in range(3)
    ]
    found = curve(model, judge, candidates)
    assert found.judge == "brevity"
    assert found.points[-1].judge.value == pytest.approx(-3.0 + 7.5 / 4)
    assert not found.passed
    assert found.peak.n == 1


def test_drawn_candidates_are_the_same_each_time_and_differ() -> None:
    clip = voice(1.0)
    chain = Chain((Spectrum(), Level()))
    first, again, other = (list(drawn(chain, clip, 4, seed)) for seed in (0, 0, 1))
    assert [c.key for c in first] == [c.key for c in again]
    assert len({c.key for c in first + other}) == 8


def test_recorded_candidates_lie_in_a_folder_for_each_clip(tmp_path: Path) -> None:
    with pytest.raises(RewardkitError, match="no_clips"):
        recorded(tmp_path)
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        for number in (2, 1, 3):
            (tmp_path / name / f"{number}.wav").touch()
    found = [list(files) for files in versions([], 2, tmp_path)]
    assert found == [[tmp_path / name / f"{n}.wav" for n in (1, 2)] for name in ("a", "b")]
    for number in (1, 2):
        (tmp_path / "a" / f"{number}.wav").unlink()
    with pytest.raises(RewardkitError, match="no_clips"):
        recorded(tmp_path)
