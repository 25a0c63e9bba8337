# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The extractor: one boundary for what scorers raise, one row per clip whatever the others do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit.cache import FeatureCache
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.extract import Extractor
from rewardkit.features import Feature
from rewardkit.testing import Loudness, voice


@dataclass(frozen=True)
class Probe:
    """Says at what rate and how often it was called; fails on request."""

    rate: int | None = None
    gives: float | None = None
    log: list[str] = field(default_factory=list, compare=False, metadata={"location": True})

    name = "probe"
    version = 1
    features = (Feature("seconds", "s", "duration", low=0), Feature("rate", "Hz", "rate", low=0))

    @property
    def sample_rate(self) -> int | None:
        return self.rate

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        self.log.append(clip.source)
        if "bad" in clip.source:
            raise ZeroDivisionError("no")
        value = clip.duration if self.gives is None else self.gives
        return {"seconds": value, "rate": float(clip.sample_rate)}


class Batched(Probe):
    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        self.log.append(f"batch of {len(clips)}")
        if any("bad" in clip.source for clip in clips):
            raise ZeroDivisionError("no")
        return np.array([[c.duration, float(c.sample_rate)] for c in clips])


def clips(*names: str, rate: int = 16_000) -> list[Clip]:
    return [Clip(voice(0.5, rate, seed=i).samples, rate, n) for i, n in enumerate(names)]


@pytest.mark.parametrize("kind", [Probe, Batched])
def test_a_failure_is_an_error_with_scorer_and_clip_and_touches_no_other(
    kind: type[Probe],
) -> None:
    found = Extractor([Loudness(), kind()], require_speech=False)(clips("a", "bad.wav", "c"))
    assert [error is None for error in found.errors] == [True, False, True]
    assert np.isnan(found.values[1]).all()
    assert found.values[[0, 2], 1].tolist() == [0.5, 0.5]
    error = found.errors[1]
    assert error is not None
    assert error.code == "scorer_failed"
    assert "probe on bad.wav: ZeroDivisionError: no" in str(error)


def test_a_scorer_that_exits_does_not_end_its_host() -> None:
    class Leaves(Probe):
        def __call__(self, clip: Clip) -> Mapping[str, float]:
            raise SystemExit("usage: ...")

    class LeavesBatches(Leaves):
        def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
            raise SystemExit("usage: ...")

    for kind in (Leaves, LeavesBatches):
        found = Extractor([kind()], require_speech=False)(clips("a", "b"))
        assert [error and error.code for error in found.errors] == ["scorer_failed"] * 2


def test_a_batch_call_is_used_and_gives_the_same() -> None:
    single, batch = Probe(), Batched()
    a = Extractor([single], require_speech=False)(clips("a", "b"))
    b = Extractor([batch], require_speech=False)(clips("a", "b"))
    assert batch.log == ["batch of 2"]
    assert np.array_equal(a.values, b.values)


@pytest.mark.parametrize(
    ("value", "failed"), [(float("nan"), False), (float("inf"), True), (1e300, True)]
)
def test_nan_is_unmeasurable_and_infinity_is_a_failure(value: float, failed: bool) -> None:
    found = Extractor([Probe(gives=value)], require_speech=False)(clips("a"))
    assert (found.errors[0] is not None) == failed
    assert np.isnan(found.values[0, 0])


def test_a_scorer_must_give_what_it_declared() -> None:
    class Short(Probe):
        def __call__(self, clip: Clip) -> Mapping[str, float]:
            return {"seconds": 1.0}

    error = Extractor([Short()], require_speech=False)(clips("a")).errors[0]
    assert error is not None
    assert "missing ['rate']" in error.message


def test_the_host_resamples_once_per_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    from rewardkit import audio

    calls = []
    real = audio.resample
    monkeypatch.setattr(audio, "resample", lambda c, r: calls.append(r) or real(c, r))

    class Other(Probe):
        name = "other"

    extractor = Extractor([Probe(8000), Other(8000), Loudness()], require_speech=False)
    found = extractor(clips("a", "b", rate=48_000))
    assert calls == [8000, 8000]  # one per clip
    assert found.values[:, 1].tolist() == [8000, 8000]


def test_silence_is_no_speech_and_no_scorer_sees_it() -> None:
    probe = Probe()
    silence = Clip(np.zeros(16_000, np.float32), 16_000, "silence")
    found = Extractor([probe])([silence, *clips("voice")])
    assert found.errors[0] is not None
    assert found.errors[0].code == "no_speech"
    assert found.errors[1] is None
    assert probe.log == ["voice"]


def test_cached_rows_equal_measured_rows_and_are_not_measured_again() -> None:
    probe = Probe(gives=1 / 3)
    with FeatureCache(":memory:") as cache:
        extractor = Extractor([probe], cache=cache, require_speech=False)
        first = extractor(clips("a", "b"))
        again = extractor(clips("b", "a", "bad"))
        assert probe.log == ["a", "b", "bad"]
        assert again.values[0].tobytes() == first.values[0].tobytes()
        assert again.errors[2] is not None
        extractor(clips("bad"))
        assert probe.log[-1] == "bad"  # a failure is never kept


def test_a_text_that_json_may_hold_and_utf_8_not_is_a_key() -> None:
    clip = clips("a")[0]
    assert len({clip.with_text(text).text_key for text in (None, "?", "\ud800", "\ud801")}) == 4


def test_two_scorers_of_one_name_are_refused() -> None:
    with pytest.raises(RewardkitError, match="duplicate_scorer"):
        Extractor([Probe(), Probe(8000)])


def test_two_features_of_one_name_are_refused() -> None:
    class Twice(Probe):
        features = (Feature("rate", "Hz", "rate", low=0), Feature("rate", "Hz", "again", low=0))

    with pytest.raises(RewardkitError, match=r"duplicate_feature: .*probe\.rate"):
        Extractor([Twice()])


def test_the_schema_digest_follows_parameters() -> None:
    assert Extractor([Probe()]).schema.digest == Extractor([Probe()]).schema.digest
    assert Extractor([Probe()]).schema.digest != Extractor([Probe(8000)]).schema.digest


def level(batch: Batch, power: int) -> list[float]:
    """Something two scorers need."""
    return [float(np.mean(np.abs(clip.samples) ** power)) for clip in batch]


@dataclass(frozen=True)
class Sharing(Probe):
    """Asks the batch for something that another scorer may have asked for already."""

    title: str = "first"
    seen: list[int] = field(default_factory=list, compare=False, metadata={"location": True})

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.title

    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        batch = Batch.of(clips)
        self.seen.append(id(batch.shared(level, 2)))
        self.log.append(batch.device)
        return np.array([[clip.duration, 8000.0] for clip in clips])


def test_scorers_of_one_rate_share_what_the_batch_worked_out() -> None:
    first, second, other = (
        Sharing(8000, title="first"),
        Sharing(8000, title="second"),
        Sharing(16_000, title="other"),
    )
    Extractor([first, second, other], require_speech=False)(clips("a", "b", rate=48_000))
    assert first.seen == second.seen
    assert first.seen != other.seen


def test_a_batch_of_the_wrong_shape_fails_every_clip() -> None:
    class Wide(Batched):
        def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
            return np.zeros((len(clips), 3))

    found = Extractor([Wide()], require_speech=False)(clips("a", "b"))
    assert [error and "of shape (1, 3), not (1, 2)" in error.message for error in found.errors] == [
        True,
        True,
    ]


def test_long_lists_are_measured_in_chunks_with_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together, chunked = Batched(), Batched()
    some = clips(*"abcde")
    a = Extractor([together], require_speech=False)(some)
    monkeypatch.setattr("rewardkit.extract._SECONDS", {"cpu": 1.0, "gpu": 9.0})
    b = Extractor([chunked], require_speech=False)(some)
    assert together.log == ["batch of 5"]
    assert chunked.log == ["batch of 2", "batch of 2", "batch of 1"]
    assert np.array_equal(a.values, b.values)


def test_the_batch_says_where_to_work() -> None:
    probe = Sharing(16_000)
    extractor = Extractor([probe], require_speech=False, device="cuda:1")
    extractor(clips("a"))
    extractor(clips("a"), device="cpu")
    assert probe.log == ["cuda:1", "cpu"]
