# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Monitor`: an object that a training loop feeds, and numbers that say how the reward fares."""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rewardkit.batch_function import LARGEST, Portable
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.monitor import exposition
from rewardkit.monitor.alarm import LEAST, Alarm, alarm
from rewardkit.monitor.training import REWARD, Model, Training
from rewardkit.monitor.window import Seen, column, describe, inside, level_of, means, seen
from rewardkit.reward import Reward


class Monitor(Portable):
    """Watches the rewards of a run.

    `docs/monitor.md` names the numbers. It takes rewards from any loop, changes none of them,
    and holds the clips of the last `window` updates, as a few numbers each.

    Args:
        model: The reward model, for what it knows of its training clips. Without it there is no
            drift, and no clip is inside or out of distribution.
        window: Updates that are looked at together; at least 8.
        false_alarms: How many false alarms an update may cause on average, at most, where all
            that is watched is noise without a trend. Each of k watched numbers gets its k-th
            part; see `rewardkit.monitor.alarm`.
        log: A file to which each update's numbers are appended as one line of JSON.

    Attributes:
        numbers: The latest update's.
        alarms: All alarms so far, one for each time that one began.

    Raises:
        RewardkitError: `bad_option`.

    Example:
        >>> monitor = Monitor()
        >>> for step in range(12):
        ...     numbers = monitor.update([step / 10], judges={"mos": 4 - step / 100})
        >>> numbers["alarm"], monitor.alarms[0].watched, monitor.alarms[0].step
        (1.0, 'judge/mos', 7)
    """

    def __init__(
        self,
        model: Model | None = None,
        *,
        window: int = 20,
        false_alarms: float = 0.001,
        log: str | os.PathLike[str] | None = None,
    ) -> None:
        if window < LEAST or not 0 < false_alarms < 1:
            raise RewardkitError(
                "bad_option", f"window >= {LEAST} and 0 < false_alarms < 1 are needed"
            )
        self.training = Training({}) if model is None else Training.of(model)
        self.window = window
        self.false_alarms = false_alarms
        self.log = None if log is None else Path(log)
        self.numbers: dict[str, float] = {}
        self.alarms: list[Alarm] = []
        self._clips: deque[list[Seen]] = deque(maxlen=window)
        # Judges speak more seldom than rewards come: of these, as many more are kept.
        self._rewards: deque[tuple[int, float]] = deque(maxlen=100 * window)
        self._watched: dict[str, deque[tuple[int, float]]] = {}
        self._on: set[str] = set()
        self._step = -1
        self._lock = threading.Lock()

    def update(
        self,
        rewards: Any,
        clips: Sequence[Any] | None = None,
        *,
        durations: Sequence[float | None] | None = None,
        levels: Sequence[float | None] | None = None,
        judges: Mapping[str, float] | None = None,
        step: int | None = None,
    ) -> dict[str, float]:
        """Take one update's rewards into account.

        Args:
            rewards: One per clip: `Reward`s, which tell most, or numbers (a list, an array, a
                tensor) with None for a clip without a reward. A penalty in place of a failure
                can't be told from a reward: leave it out.
            clips: The clips, for duration and level; whatever is no `Clip` is passed over.
            durations: In s, in place of clips.
            levels: RMS in dB, in place of clips.
            judges: What others than the reward say of the policy now: by name, a number of
                which larger is better. Not in every update, as a rule.
            step: The loop's own count, increasing; by default updates are counted from 0.

        Returns:
            The numbers, all finite; what can't be known is left out.

        Raises:
            RewardkitError: `bad_batch` when the arguments do not fit together,
                `nonfinite_reward` for a reward or a judge that is not finite, or is 1e30 and more.
        """
        rows = _rows(rewards, clips, durations, levels)
        given = {name: float(number) for name, number in (judges or {}).items()}
        for name, number in given.items():
            if not abs(number) < LARGEST:
                raise RewardkitError("nonfinite_reward", f"judge {name} says {number}")
        with self._lock:
            at = self._step + 1 if step is None else int(step)
            if at <= self._step:
                raise RewardkitError("bad_batch", f"step {at} after step {self._step}")
            self._step = at
            self._clips.append(rows)
            now = means(rows)
            near = inside(rows, self.training)
            self._note(at, now.get(REWARD), given, near)
            numbers = {f"mean/{name}": mean for name, mean in now.items()}
            pooled = [row for update in self._clips for row in update]
            numbers |= describe(pooled, self.training) if pooled else {}
            numbers |= {f"judge/{name}": number for name, number in given.items()}
            numbers["alarm"] = float(self._alarmed())
            self.numbers = numbers
            if self.log is not None:
                self._write(at)
            return dict(numbers)

    def metrics(self) -> str:
        """The latest numbers in Prometheus' text format."""
        with self._lock:
            return exposition.text(self.numbers, self._step, len(self.alarms))

    def _note(
        self, at: int, reward: float | None, judges: Mapping[str, float], near: float | None
    ) -> None:
        """The step's points in the series that the alarm goes by."""
        if reward is not None:
            self._rewards.append((at, reward))
        points = {f"judge/{name}": number for name, number in judges.items()}
        if near is not None:
            points["inside"] = near
        for name, number in points.items():
            self._watched.setdefault(name, deque(maxlen=self.window)).append((at, number))

    def _alarmed(self) -> bool:
        """Look at each watched number; whether any alarm is on."""
        for name, series in self._watched.items():
            first, last = series[0][0], series[-1][0]
            if last != self._step:  # nothing new: it is as it was
                if self._step - last > last - first:  # silent for longer than it was looked at
                    self._on.discard(name)
                continue
            level = self.false_alarms / len(self._watched)
            found = alarm(name, list(self._rewards), list(series), level)
            if found is not None and name not in self._on:
                self.alarms.append(found)
            (self._on.discard if found is None else self._on.add)(name)
        return bool(self._on)

    def _write(self, at: int) -> None:
        assert self.log is not None  # noqa: S101
        fresh = [str(each) for each in self.alarms if each.step == at]
        row = {"step": at, **self.numbers, **({"alarms": fresh} if fresh else {})}
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, allow_nan=False) + "\n")


def _rows(
    rewards: Any,
    clips: Sequence[Any] | None,
    durations: Sequence[float | None] | None,
    levels: Sequence[float | None] | None,
) -> list[Seen]:
    """What is kept of each clip of an update."""
    listed: list[Reward | float | None] = list(
        rewards.tolist() if hasattr(rewards, "tolist") else rewards
    )
    if clips is not None:
        if durations is not None or levels is not None:
            raise RewardkitError("bad_batch", "clips, or their durations and levels")
        durations = [clip.duration if isinstance(clip, Clip) else None for clip in clips]
        levels = [level_of(clip) if isinstance(clip, Clip) else None for clip in clips]
    columns: Iterator[tuple[Any, Any, Any]] = zip(
        listed,
        column("durations", durations, len(listed)),
        column("levels", levels, len(listed)),
        strict=True,
    )
    return [seen(*row) for row in columns]
