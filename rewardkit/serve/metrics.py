# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Metrics`: what a server counts, for Prometheus."""

from __future__ import annotations

import collections
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from rewardkit.reward import Reward

if TYPE_CHECKING:
    from rewardkit.serve.jobs import Job, Jobs
    from rewardkit.serve.worker import Part

_LATENCY: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # s
_SOUND: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)  # s
_CLIPS: Final = (1, 2, 4, 8, 16, 32, 64)
_REWARD: Final = (-8, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 8)  # log-odds
_RECENT: Final = 1000  # clips


class Metrics:
    """Counters, gauges and histograms, in a registry of their own.

    Example:
        >>> metrics = Metrics()
        >>> metrics.rewards([Reward(0.5, {}, 0.1)])
        >>> b'rewardkit_clips_total{status="ok"} 1.0' in metrics.page()
        True
    """

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.latency = Histogram(
            "rewardkit_request_seconds", "From a request's head to its answer",
            ["address", "status"], registry=registry, buckets=_LATENCY,
        )  # fmt: skip
        self.waited = Histogram(
            "rewardkit_queue_wait_seconds", "From a clip's acceptance to its worker",
            registry=registry, buckets=_LATENCY,
        )  # fmt: skip
        self.batch_clips = Histogram(
            "rewardkit_batch_clips", "Clips in a batch", registry=registry, buckets=_CLIPS
        )
        self.batch_sound = Histogram(
            "rewardkit_batch_sound_seconds", "Seconds of sound measured at a time",
            registry=registry, buckets=_SOUND,
        )  # fmt: skip
        self.batch_seconds = Histogram(
            "rewardkit_batch_seconds", "Seconds that a worker took for a batch",
            registry=registry, buckets=_LATENCY,
        )  # fmt: skip
        self.scorer_seconds = Histogram(
            "rewardkit_scorer_seconds",
            "Seconds that a scorer took for what is measured at a time; work that scorers share "
            "counts for the first of them",
            ["scorer"], registry=registry, buckets=_LATENCY,
        )  # fmt: skip
        self.clips = Counter(
            "rewardkit_clips", "Clips answered, by status", ["status"], registry=registry
        )
        self.failures = Counter(
            "rewardkit_failures", "Clips without a reward, by code", ["code"], registry=registry
        )
        self.dropped = Counter(
            "rewardkit_clips_dropped", "Clips whose client went away", registry=registry
        )
        self.reward = Histogram(
            "rewardkit_reward", "Rewards of clips, in log-odds", registry=registry, buckets=_REWARD
        )
        self.far = Gauge(
            "rewardkit_out_of_distribution_share",
            f"Share of the last {_RECENT} clips of speech that lie too far from all training clips",
            registry=registry,
        )
        self.restarts = Counter(
            "rewardkit_worker_restarts", "Workers that were lost, by reason", ["reason"],
            registry=registry,
        )  # fmt: skip
        self.ready = Gauge("rewardkit_workers_ready", "Workers that can measure", registry=registry)
        self._recent: collections.deque[bool] = collections.deque(maxlen=_RECENT)

    def watch(self, jobs: Jobs) -> None:
        """Show the queue's length, as it is when the page is asked for."""
        clips = Gauge("rewardkit_queue_clips", "Clips that wait", registry=self._registry)
        clips.set_function(lambda: len(jobs))
        seconds = Gauge(
            "rewardkit_queue_sound_seconds", "Seconds of sound that wait", registry=self._registry
        )
        seconds.set_function(lambda: jobs.seconds)

    def batch(self, jobs: Sequence[Job]) -> None:
        """Some jobs went to a worker."""
        self.batch_clips.observe(len(jobs))
        now = time.monotonic()
        for job in jobs:
            self.waited.observe(now - job.since)

    def part(self, part: Part) -> None:
        """Some clips were measured."""
        self.batch_sound.observe(part.seconds)
        for scorer, seconds in part.spent.items():
            self.scorer_seconds.labels(scorer).observe(seconds)

    def rewards(self, rewards: Sequence[Reward]) -> None:
        """Some clips were judged."""
        for reward in rewards:
            self.clips.labels(reward.status).inc()
            if reward.error is not None:
                self.failures.labels(reward.error.code).inc()
            if reward.scalar is not None:
                self.reward.observe(reward.scalar)
            if reward.status in ("ok", "out_of_distribution"):
                self._recent.append(reward.status == "out_of_distribution")
        if self._recent:
            self.far.set(sum(self._recent) / len(self._recent))

    def page(self) -> bytes:
        """All of it in Prometheus' text format."""
        text: bytes = generate_latest(self._registry)
        return text
