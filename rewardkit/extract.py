# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Extractor`: clips in, a table of features out.

The host's part of the scorer contract: it resamples once per distinct rate, asks the cache
first, uses a scorer's batch call where there is one, and turns whatever a scorer raises into a
`ScorerError` for that scorer and that clip. One clip's failure never touches another's row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit import audio, speech
from rewardkit.batch import Batch
from rewardkit.cache import FeatureCache
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError, ScorerError
from rewardkit.features import Features, Schema
from rewardkit.scorers import Scorer, identity

_SECONDS: Final = {"cpu": 300.0, "gpu": 10_000.0}
"""Seconds of audio that are measured at a time, on the CPU and elsewhere: what bounds memory."""

_RAISED: Final = (Exception, SystemExit)
"""What a scorer may raise; one that calls `exit` does not end its host."""


class Extractor:
    """Measures clips with some scorers.

    Args:
        scorers: In column order; their names must differ.
        cache: Where to look first and what to fill, if any.
        require_speech: Refuse clips in which `rewardkit.speech` finds no speech.
        device: Where batched signal work may run: `"cpu"` or a torch device such as `"cuda"`.

    Raises:
        RewardkitError: `duplicate_scorer` when two scorers share a name, `duplicate_feature`
            when two features of one do.

    Example:
        >>> from rewardkit.testing import Loudness
        >>> extractor = Extractor([Loudness()], require_speech=False)
        >>> tone = Clip(np.full(8000, 0.1, np.float32), 16_000)
        >>> features = extractor([tone])
        >>> features.schema.names, features.values.round(2).tolist()
        (('loudness.rms',), [[-20.0]])
    """

    def __init__(
        self,
        scorers: Sequence[Scorer],
        *,
        cache: FeatureCache | None = None,
        require_speech: bool = True,
        device: str = "cpu",
    ) -> None:
        self.scorers = tuple(scorers)
        self.cache = cache
        self.require_speech = require_speech
        self.device = device
        names = [scorer.name for scorer in self.scorers]
        if len(set(names)) < len(names):
            raise RewardkitError("duplicate_scorer", f"scorer names must differ: {names}")
        self.schema = Schema(
            tuple(f"{s.name}.{f.name}" for s in self.scorers for f in s.features),
            tuple(f for s in self.scorers for f in s.features),
            tuple((s.name, identity(s)) for s in self.scorers),
        )
        twice = [name for name, count in Counter(self.schema.names).items() if count > 1]
        if twice:
            raise RewardkitError(
                "duplicate_feature", f"feature names must differ: {', '.join(twice)}"
            )

    def __call__(self, clips: Sequence[Clip], *, device: str | None = None) -> Features:
        """Measure clips.

        Args:
            clips: Any rates and lengths.
            device: For this call, in place of the extractor's own.

        Returns:
            Values of shape `(clips, features)`, rounded to float32 so that a number that comes
            from the cache is the number that was measured; and one error or None per clip.
        """
        values = np.full((len(clips), len(self.schema)), np.nan)
        errors: list[RewardkitError | None] = [None] * len(clips)
        device = device or self.device
        for chunk in _chunks(clips, _SECONDS["cpu" if device == "cpu" else "gpu"]):
            values[chunk], errors[chunk] = self._chunk(clips[chunk], device)
        return Features(self.schema, values, tuple(errors))

    def _chunk(
        self, clips: Sequence[Clip], device: str
    ) -> tuple[NDArray[np.float64], list[RewardkitError | None]]:
        """Some clips, all scorers: one column block after the other."""
        values = np.full((len(clips), len(self.schema)), np.nan)
        errors: list[RewardkitError | None] = [None] * len(clips)
        if self.require_speech:
            for row, clip in enumerate(clips):
                missing = speech.missing(clip)
                if missing is not None:
                    errors[row] = ScorerError("no_speech", f"{clip.source}: {missing}")
        rates = _Rates(clips, device)
        column = 0
        for scorer in self.scorers:
            width = len(scorer.features)
            rows = [row for row, error in enumerate(errors) if error is None]
            for row, measured in self._measure(scorer, rates, rows).items():
                if isinstance(measured, RewardkitError):
                    errors[row] = measured
                else:
                    values[row, column : column + width] = measured
            column += width
        for row, error in enumerate(errors):
            if error is not None:
                values[row] = np.nan
        return values, errors

    def _measure(
        self, scorer: Scorer, rates: _Rates, rows: Sequence[int]
    ) -> dict[int, NDArray[np.float32] | RewardkitError]:
        """One scorer on some rows, the cache first."""
        done: dict[int, NDArray[np.float32] | RewardkitError] = {}
        clips = rates.clips
        keys = {row: _key(scorer, clips[row]) for row in rows} if self.cache is not None else {}
        if self.cache is not None:
            kept = self.cache.get(identity(scorer), list(keys.values()))
            for row in rows:
                known = kept.get(keys[row])
                if known is not None and len(known) == len(scorer.features):
                    done[row] = known
        todo = tuple(row for row in rows if row not in done)
        fresh = dict(zip(todo, _call(scorer, rates.at(scorer.sample_rate, todo)), strict=True))
        if self.cache is not None:
            self.cache.put(
                identity(scorer),
                {keys[r]: v for r, v in fresh.items() if not isinstance(v, RewardkitError)},
            )
        return done | fresh


def _key(scorer: Scorer, clip: Clip) -> str:
    """What a scorer's numbers for a clip are kept by: its sound, and its text if that is used."""
    return clip.text_key if getattr(scorer, "uses_text", False) else clip.key


def _chunks(clips: Sequence[Clip], seconds: float) -> Iterator[slice]:
    """Runs of clips of at most so many seconds together, or one longer clip."""
    start, total = 0, 0.0
    for place, clip in enumerate(clips):
        if place > start and total + clip.duration > seconds:
            yield slice(start, place)
            start, total = place, 0.0
        total += clip.duration
    if start < len(clips):
        yield slice(start, len(clips))


class _Rates:
    """A chunk of clips at the rates that scorers want, each resampled once per rate.

    Scorers that want the same rate of the same rows are given one and the same `Batch`, so that
    what one of them shared is there for the next.
    """

    def __init__(self, clips: Sequence[Clip], device: str) -> None:
        self.clips = clips
        self.device = device
        self._resampled: dict[tuple[int, int], Clip] = {}
        self._batches: dict[tuple[int, tuple[int, ...]], Batch] = {}

    def at(self, sample_rate: int | None, rows: tuple[int, ...]) -> Sequence[Clip]:
        """The rows' clips: a `Batch` when a rate is wanted, a list of any rates when not."""
        if sample_rate is None or not rows:
            return [self.clips[row] for row in rows]
        if (sample_rate, rows) not in self._batches:
            clips = [self._clip(row, sample_rate) for row in rows]
            self._batches[sample_rate, rows] = Batch(clips, self.device)
        return self._batches[sample_rate, rows]

    def _clip(self, row: int, sample_rate: int) -> Clip:
        clip = self.clips[row]
        if clip.sample_rate == sample_rate:
            return clip
        if (row, sample_rate) not in self._resampled:
            self._resampled[row, sample_rate] = audio.resample(clip, sample_rate)
        return self._resampled[row, sample_rate]


def _call(scorer: Scorer, clips: Sequence[Clip]) -> list[NDArray[np.float32] | RewardkitError]:
    """The one boundary where what a scorer raises becomes a `ScorerError`."""
    batched = getattr(scorer, "score_batch", None)  # a `BatchScorer`; isinstance would take 50 us
    if batched is not None and clips:
        try:
            table = np.asarray(batched(clips), dtype=np.float64)
            if table.shape != (len(clips), len(scorer.features)):
                wanted = (len(clips), len(scorer.features))
                raise ValueError(f"a batch gave numbers of shape {table.shape}, not {wanted}")
            return [_checked(scorer, clip, row) for clip, row in zip(clips, table, strict=True)]
        except _RAISED as error:
            if len(clips) == 1:
                return [_failure(scorer, clips[0], error)]
        # Each in a batch of its own, so that the culprit is named.
        return [_call(scorer, clips[place : place + 1])[0] for place in range(len(clips))]
    results: list[NDArray[np.float32] | RewardkitError] = []
    for clip in clips:
        try:
            results.append(_checked(scorer, clip, _row(scorer, scorer(clip))))
        except _RAISED as error:
            results.append(_failure(scorer, clip, error))
    return results


def _failure(scorer: Scorer, clip: Clip, error: BaseException) -> ScorerError:
    code = error.code if isinstance(error, ScorerError) else "scorer_failed"
    failure = ScorerError(code, f"{scorer.name} on {clip.source}: {type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure


def _row(scorer: Scorer, measured: Mapping[str, float]) -> NDArray[np.float64]:
    declared = [feature.name for feature in scorer.features]
    if set(measured) != set(declared):
        missing = sorted(set(declared) - set(measured))
        extra = sorted(set(measured) - set(declared))
        raise ValueError(f"numbers do not match the declaration: missing {missing}, extra {extra}")
    return np.array([float(measured[name]) for name in declared])


def _checked(
    scorer: Scorer, clip: Clip, row: NDArray[np.float64]
) -> NDArray[np.float32] | RewardkitError:
    """Round to float32; an infinity is the scorer's failure (NaN says: not measurable)."""
    with np.errstate(over="ignore"):
        rounded = row.astype(np.float32)
    if np.isinf(rounded).any():
        names = [f.name for f, v in zip(scorer.features, rounded, strict=True) if np.isinf(v)]
        return ScorerError(
            "scorer_failed", f"{scorer.name} on {clip.source}: infinite: {', '.join(names)}"
        )
    return rounded
