# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Best-of-n: what a held-out judge says of the candidate that the reward picks out of n.

Picking the best of n samples by a proxy reward is the simplest optimiser there is. As n grows the
proxy's value of the pick rises by construction. The judge's rises with it as long as the proxy is
right, and peaks and falls where the proxy is exploited.

Source: Gao, Schulman and Hilton (2023), "Scaling laws for reward model overoptimization", ICML;
the estimator is that of Nakano et al. (2021), "WebGPT", arXiv:2112.09332.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rewardkit.errors import RewardkitError
from rewardkit.evaluate import Bootstrap, Interval

Floats = NDArray[np.float64]

RESAMPLES: Final = 2000
LEVEL: Final = 0.95


@dataclass(frozen=True)
class Point:
    """The best of n candidates.

    Args:
        n: How many candidates are drawn.
        divergence: Kullback-Leibler divergence of the picks from the candidates, in nat, at most:
            `log n - (n - 1) / n`.
        proxy: What the reward gains over a random candidate, in its own unit.
        judge: What the judge gains, likewise.
    """

    n: int
    divergence: float
    proxy: Interval
    judge: Interval


@dataclass(frozen=True)
class BestOfN:
    """The curve of proxy and judge over n, with intervals from resampling clips.

    Args:
        judge: The name of the judge.
        clips: How many clips (prompts) there were candidates of.
        candidates: The fewest that one of them had.
        left_out: Candidates without a reward, or of which the judge says nothing.
        start: Proxy and judge of a random candidate.
        points: From n = 1 to n = `candidates`.
        fall: The judge's gain at the last n less that at its peak, with its interval. The peak is
            chosen on the same data, so a fall is seen a little too readily.
        shared: Scorers that both the reward and the judge read.
    """

    judge: str
    clips: int
    candidates: int
    left_out: int
    start: tuple[float, float]
    points: tuple[Point, ...]
    fall: Interval
    shared: tuple[str, ...] = ()

    @property
    def peak(self) -> Point:
        """Where the judge is highest."""
        return max(self.points, key=lambda point: point.judge.value)

    @property
    def passed(self) -> bool:
        """Whether the judge does not surely fall from its peak while the proxy rises."""
        return self.fall.high is None or self.fall.high >= 0

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self) | {"peak": self.peak.n, "passed": self.passed}

    def render(self) -> str:
        """The same as a table in plain text."""
        start = (
            f"best of n: {self.clips} clips, {self.candidates} candidates each"
            f" ({self.left_out} without a number left out); a random candidate has reward"
            f" {self.start[0]:+.2f}, {self.judge} {self.start[1]:.2f}"
        )
        lines = [start, f"{'n':>6} {'KL/nat':>7}  {'reward gains':<25}  {self.judge} gains"]
        lines += [f"{p.n:>6} {p.divergence:>7.2f}  {p.proxy!s:<25}  {p.judge}" for p in self.points]
        if self.shared:
            lines.append(f"not wholly held out: both read {', '.join(self.shared)}")
        lines.append(self.verdict())
        return "\n".join(lines)

    def verdict(self) -> str:
        """In words: whether optimising the reward goes on to please the judge."""
        last, peak = self.points[-1], self.peak
        if not self.passed:
            return (
                f"FAIL  {self.judge} peaks at n = {peak.n} and falls by {-self.fall.value:.3f} up "
                f"to n = {last.n}, while the reward still rises"
            )
        gain = last.judge
        if gain.low is not None and gain.low > 0:
            how = "gains with the reward"
        elif gain.high is not None and gain.high < 0:
            how = "loses as the reward gains"
        else:
            how = "neither surely gains nor surely loses as the reward gains"
        return f"ok    up to n = {last.n} {self.judge} {how}; no sure fall from a peak"


def best_of_n(
    proxy: Sequence[Sequence[float | None]],
    judge: Sequence[Sequence[float | None]],
    *,
    name: str = "judge",
    shared: Sequence[str] = (),
    seed: int = 0,
) -> BestOfN:
    """The curve for candidates whose numbers are known.

    Args:
        proxy: The reward of each candidate of each clip; None where there is none.
        judge: What the judge says of it, likewise.
        name: Of the judge.
        shared: As in `BestOfN`.
        seed: Of the bootstrap.

    Raises:
        RewardkitError: `too_few_clips` with fewer than two clips, or one with fewer than two
            usable candidates.

    Example:
        >>> found = best_of_n([[0.0, 1.0], [0.0, 1.0]], [[0.0, 2.0], [0.0, 4.0]])
        >>> [(point.n, point.proxy.value, point.judge.value) for point in found.points]
        [(1, 0.0, 0.0), (2, 0.5, 1.5)]
    """
    rows = [
        np.array([(p, j) for p, j in zip(ps, js, strict=True) if p is not None and j is not None])
        for ps, js in zip(proxy, judge, strict=True)
    ]
    candidates = min((len(row) for row in rows), default=0)
    if len(rows) < 2 or candidates < 2:
        raise RewardkitError(
            "too_few_clips",
            f"{len(rows)} clips, the least with {candidates} candidates that have a number; "
            "two clips with two each are needed",
        )
    sizes = grid(candidates)
    curves = np.array([picked(row[:, 0], row, sizes) for row in rows])  # (clips, sizes, 2)
    gains = curves - curves[:, :1]
    peak = int(np.argmax(gains[:, :, 1].mean(axis=0)))
    flat = np.column_stack([*gains.transpose(2, 1, 0).reshape(-1, len(rows)),
                            gains[:, -1, 1] - gains[:, peak, 1]]).T  # fmt: skip
    clip = np.arange(len(rows))
    bootstrap = Bootstrap(np.stack([clip, clip], axis=1), RESAMPLES, LEVEL, (seed,))
    found = [i for i in bootstrap.means(flat, np.ones(len(rows))) if i is not None]
    points = tuple(
        Point(n, math.log(n) - (n - 1) / n, found[place], found[len(sizes) + place])
        for place, n in enumerate(sizes)
    )
    start = curves[:, 0].mean(axis=0)
    return BestOfN(
        name,
        len(rows),
        candidates,
        sum(map(len, proxy)) - sum(map(len, rows)),
        (float(start[0]), float(start[1])),
        points,
        found[-1],
        tuple(shared),
    )


def grid(most: int) -> tuple[int, ...]:
    """1, 2, 4, 8, … and `most`.

    Example:
        >>> grid(10)
        (1, 2, 4, 8, 10)
    """
    powers = [2**k for k in range(most.bit_length()) if 2**k < most]
    return (*powers, most)


def picked(proxy: ArrayLike, numbers: ArrayLike, sizes: Sequence[int]) -> Floats:
    """Numbers of the candidate with the highest proxy among n, expected over all subsets of n.

    The mean over all subsets of a sample is the minimum-variance unbiased estimate of the mean
    over draws of n. With the N candidates sorted by the proxy, the i-th (from 1) is the best of
    `C(i - 1, n - 1)` of the `C(N, n)` subsets. Equal proxies share their numbers' mean, as if
    ties were broken at random.

    Args:
        proxy: `(candidates,)`.
        numbers: `(candidates, columns)`.
        sizes: Each n, from 1 to the number of candidates.

    Returns:
        `(sizes, columns)`.

    Example:
        >>> picked([3.0, 1.0, 2.0], [[30.0], [10.0], [20.0]], (1, 2, 3)).round(3).tolist()
        [[20.0], [26.667], [30.0]]
    """
    p = np.asarray(proxy, np.float64)
    order = np.argsort(p, kind="stable")
    _, tied = np.unique(p[order], return_inverse=True)
    columns = np.asarray(numbers, np.float64)[order]
    share = np.stack([np.bincount(tied, column) for column in columns.T], axis=1)
    means = (share / np.bincount(tied)[:, None])[tied]
    return np.stack([_chances(len(p), n) @ means for n in sizes])


def _chances(total: int, n: int) -> Floats:
    """How likely each rank, ascending, is the best of n: `C(i - 1, n - 1) / C(total, n)`."""
    chance = np.zeros(total)
    chance[total - 1] = n / total
    for rank in range(total - 1, n - 1, -1):  # from rank + 1 down to rank, both counted from 1
        chance[rank - 1] = chance[rank] * (rank + 1 - n) / rank
    return chance
