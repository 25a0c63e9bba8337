# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Order`: clips go out in groups and come back whenever they are done; results leave in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

GROUP: Final = 16
"""Clips that a worker is given at a time, at most; each costs less for what they share."""


class Order(Generic[Job, Result]):
    """Jobs in, results out in the same order, a few of them held at a time.

    Args:
        jobs: Drawn only as needed.
        held: Most jobs between being drawn and their result being taken.

    Example:
        >>> order = Order("abc", held=8)
        >>> order.draw()
        >>> first, second = order.next(shares=2), order.next(shares=1)
        >>> first, second
        ([(0, 'a')], [(1, 'b'), (2, 'c')])
        >>> order.enter(second, ["B", "C"])
        >>> order.results()
        []
        >>> order.enter(first, ["A"])
        >>> order.results(), order.finished
        (['A', 'B', 'C'], True)
    """

    def __init__(self, jobs: Iterable[Job], held: int) -> None:
        self._todo = enumerate(jobs)
        self._held = held
        self._waiting: deque[tuple[int, Job]] = deque()
        self._suspects: deque[tuple[int, Job]] = deque()
        self._done: dict[int, Result] = {}
        self._drawn = self._taken = 0
        self._exhausted = False

    def draw(self) -> None:
        """Draw as many jobs as may be held."""
        while not self._exhausted and self._drawn - self._taken < self._held:
            job = next(self._todo, None)
            self._exhausted = job is None
            if job is not None:
                self._waiting.append(job)
                self._drawn += 1

    @property
    def finished(self) -> bool:
        """Whether there are no more jobs, and every result was taken."""
        return self._exhausted and self._taken == self._drawn

    @property
    def waiting(self) -> int:
        """How many jobs nobody has."""
        return len(self._waiting) + len(self._suspects)

    def next(self, shares: int) -> list[tuple[int, Job]]:
        """What to do next, numbered: a suspect alone, or else a share of what is waiting.

        Args:
            shares: Into how many shares; one is at least one job and at most `GROUP`.

        Returns:
            Nothing when nothing is waiting.
        """
        if self._suspects:
            return [self._suspects.popleft()]
        size = min(max(len(self._waiting) // shares, 1), GROUP, len(self._waiting))
        return [self._waiting.popleft() for _ in range(size)]

    def put_back(self, jobs: Sequence[tuple[int, Job]]) -> None:
        """These were not begun."""
        self._waiting.extendleft(reversed(jobs))

    def suspect(self, jobs: Sequence[tuple[int, Job]]) -> None:
        """One of these did harm: each is to be tried alone."""
        self._suspects.extend(jobs)

    def enter(self, jobs: Sequence[tuple[int, Job]], results: Sequence[Result]) -> None:
        """These are done."""
        for (number, _), result in zip(jobs, results, strict=True):
            self._done[number] = result

    def results(self) -> list[Result]:
        """Take the results that are next in order."""
        found = []
        while self._taken in self._done:
            found.append(self._done.pop(self._taken))
            self._taken += 1
        return found
