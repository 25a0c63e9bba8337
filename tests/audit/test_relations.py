# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The audit: known changes, known relations, and models that keep or break them."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from rewardkit import audit as module
from rewardkit.audit import audit, chain
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.extract import Extractor
from rewardkit.features import Feature
from rewardkit.head import LinearHead
from rewardkit.model import RewardModel
from rewardkit.normaliser import Normaliser
from rewardkit.perturbations import OWN, NotApplicable, Perturbation, available
from rewardkit.testing import voice
from tests.made import around

BY_NAME = {each.name: each for each in available()}


@dataclass(frozen=True)
class Simple:
    """Duration, level and steepness: enough to be good or bad on purpose."""

    name = "simple"
    version = 1
    sample_rate = None
    features = (
        Feature("seconds", "s", "duration", low=0),
        Feature("level", "dB", "level", level_dependent=True),
        Feature("roughness", "dB", "level of differences re level"),
    )

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        x = clip.samples.astype(np.float64)
        power, rough = np.mean(x**2) + 1e-12, np.mean(np.diff(x) ** 2) + 1e-12
        return {
            "seconds": clip.duration,
            "level": 10 * math.log10(power),
            "roughness": 10 * math.log10(rough / power),
        }


def model(seconds: float, level: float, roughness: float) -> RewardModel:
    """A reward linear in the three."""
    values = np.random.default_rng(0).normal([2, -20, -10], [1, 5, 5], (400, 3))
    weights = np.array([[seconds, level, roughness]], np.float64)
    head = LinearHead(
        ("overall",),
        Normaliser.fit(values),
        weights,
        np.stack([weights, weights]),
        np.ones(1),
        np.ones((2, 1)),
    )
    return around(Extractor([Simple()]), head)


def speech(count: int = 8) -> list[Clip]:
    return [voice(1.5 + 0.2 * i, pitch=100 + 15 * i, seed=i) for i in range(count)]


def pick(*names: str) -> list[Perturbation]:
    return [BY_NAME[name] for name in names]


def test_a_reward_for_smoothness_keeps_the_relations() -> None:
    result = audit(model(0.0, 0.0, -1.0), speech(), pick("louder", "noise", "clicks", "silence"))
    assert result.passed, result.render()
    moved = {finding.name: finding.change for finding in result.findings}
    assert moved["louder"] == pytest.approx(0.0, abs=1e-4)
    assert moved["noise"] is not None
    assert moved["noise"] < 0
    assert moved["silence"] is None


@pytest.mark.parametrize(
    ("weights", "name"), [((1, 0, 0), "repeated"), ((0, 1, 0), "louder"), ((0, 0, 1), "noise")]
)
def test_a_reward_that_can_be_gamed_fails_by_name(
    weights: tuple[float, float, float], name: str
) -> None:
    result = audit(model(*weights), speech(), pick(name))
    (finding,) = result.findings
    assert not finding.passed
    assert not result.passed
    assert finding.held < 0.2
    assert len(finding.worst) == 3
    assert all(source.endswith(f"+{name}") for source in finding.worst)
    assert f"FAIL  {name}" in result.render()


def test_what_no_listener_hears_must_not_refuse_a_clip() -> None:
    mute = Perturbation("mute", "nothing left", "same", lambda x, rate, rng: np.zeros_like(x))
    (finding,) = audit(model(0, 0, -1), speech(), [mute]).findings
    assert finding.refused == 1.0
    assert finding.held == 0.0
    lose = dataclasses.replace(mute, relation="worse")
    (finding,) = audit(model(0, 0, -1), speech(), [lose]).findings
    assert finding.passed


def test_clips_that_a_change_does_not_suit_are_left_out() -> None:
    def some(x: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
        if len(x) > 2 * rate:
            raise NotApplicable("long")
        return x

    (finding,) = audit(model(0, 0, -1), speech(), [Perturbation("some", "", "same", some)]).findings
    assert finding.clips == sum(clip.duration <= 2 for clip in speech())


def test_an_audit_of_which_no_change_suits_a_clip_is_not_passed() -> None:
    def none(x: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
        raise NotApplicable("never")

    with pytest.raises(RewardkitError, match="too_few_clips"):
        audit(model(0, 0, -1), speech(), [Perturbation("none", "", "same", none)])


def test_too_few_clips_or_no_spread_is_an_error() -> None:
    with pytest.raises(RewardkitError, match="too_few_clips"):
        audit(model(1, 0, 0), [*speech(4), Clip(np.zeros(16_000, np.float32), 16_000)], [])
    with pytest.raises(RewardkitError, match="no_signal"):
        audit(model(0, 0, 0), speech(), [])


def test_json_says_the_same() -> None:
    result = audit(model(0, 0, -1), speech(), pick("noise", "tone"))
    row = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert [f["name"] for f in row["findings"]] == ["noise", "tone"]
    assert row["passed"] == result.passed


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_each_change_is_the_same_each_time_and_is_sound(name: str) -> None:
    clip = voice(3.0, pitch=150, seed=4)
    first, again = (BY_NAME[name](clip, seed=3) for _ in range(2))
    assert np.array_equal(first.samples, again.samples)
    assert first.samples.dtype == np.float32
    assert np.isfinite(first.samples).all()
    assert first.sample_rate == clip.sample_rate
    assert not np.array_equal(first.samples, clip.samples)
    if name != "louder":
        assert np.abs(first.samples).max() <= 1.0


def test_changes_do_what_they_say() -> None:
    clip = voice(3.0)
    made = {each.name: each(clip) for each in OWN}
    power = {name: float(np.mean(np.square(m.samples, dtype=float))) for name, m in made.items()}
    own = float(np.mean(np.square(clip.samples, dtype=float)))
    assert 10 * math.log10(power["louder"] / own) == pytest.approx(6.0, abs=1e-3)
    assert made["leading"].duration == made["trailing"].duration == 3.5
    assert np.array_equal(made["leading"].samples[8000:], clip.samples)
    assert made["repeated"].duration == 6.0
    assert made["looped"].duration == pytest.approx(3.75, abs=0.01)
    assert made["babble"].duration == 60.0
    assert power["clipped"] == pytest.approx(own, rel=0.01)
    assert np.mean(np.abs(made["clipped"].samples) == np.abs(made["clipped"].samples).max()) > 0.09
    noise = made["noise"].samples.astype(float)
    scale = float(noise @ clip.samples / (clip.samples.astype(float) @ clip.samples))
    residue = float(np.mean((noise / scale - clip.samples) ** 2))
    assert 10 * math.log10(own / residue) == pytest.approx(15.0, abs=0.3)
    spectrum = np.abs(np.fft.rfft(made["muffled"].samples)) ** 2
    assert spectrum[1500 * 3 :].sum() < 1e-3 * spectrum.sum()
    assert np.array_equal(made["backwards"].samples[::-1], clip.samples)


def test_two_offers_of_one_name_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewardkit.perturbations.OWN", (OWN[0], OWN[0]))
    with pytest.raises(RewardkitError, match="duplicate_perturbation"):
        available()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise ImportError('no libfoo')", "ImportError: no libfoo"),
        ("OFFER = 3", "is no list"),
        ("OFFER = [lambda clip: clip]", "is no list"),
        ("import rewardkit.perturbations as p\nOFFER = [p.Perturbation('a', 'a', 'better', abs)]",
         "relation 'better'; it is same"),
        ("class Knobless:\n    name = 'knobless'\nOFFER = [Knobless()]", "is no list"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["perturbation", "manipulation"])
def test_a_faulty_offer_names_its_package(
    kind: str, source: str, said: str, plugins: Callable[..., None]
) -> None:
    plugins(source, f"[rewardkit.{kind}s]", "odd = strangers:OFFER")
    find = available if kind == "perturbation" else chain.available
    with pytest.raises(RewardkitError) as caught:
        find()
    assert caught.value.code == f"bad_{kind}"
    assert "strangers:OFFER" in str(caught.value)
    assert said in str(caught.value)


def test_what_is_asked_is_written_down() -> None:
    assert set(module.NEEDED) == {each.relation for each in available()}
