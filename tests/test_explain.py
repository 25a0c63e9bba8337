# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Explanations: contributions that add up, places among training clips, and their picture."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from rewardkit.clip import Clip
from rewardkit.curves import Curve, Span
from rewardkit.errors import RewardkitError
from rewardkit.explain import Explanation, explain
from rewardkit.extract import Extractor
from rewardkit.features import Feature
from rewardkit.figure import draw, save
from rewardkit.head import LinearHead
from rewardkit.model import RewardModel
from rewardkit.normaliser import Normaliser
from rewardkit.population import Population
from rewardkit.reward import Reward
from rewardkit.testing import voice
from tests.made import around


@dataclass(frozen=True)
class Halves:
    """Duration and the level of either half; shows where the second half begins."""

    name = "halves"
    version = 1
    sample_rate = 8000
    features = (
        Feature("seconds", "s", "duration", low=0),
        Feature("first", "dB", "level of the first half", level_dependent=True),
        Feature("second", "dB", "level of the second half", level_dependent=True),
        Feature("never", "1", "never measurable"),
    )

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        half = len(clip.samples) // 2
        levels = [
            10 * math.log10(float(np.mean(np.square(part, dtype=np.float64))) + 1e-12)
            for part in (clip.samples[:half], clip.samples[half:])
        ]
        return {
            "seconds": clip.duration,
            "first": levels[0],
            "second": levels[1],
            "never": math.nan,
        }

    def illustrate(self, clip: Clip) -> Sequence[Curve | Span]:
        assert clip.sample_rate == 8000
        times = np.linspace(0, clip.duration, 50)
        return [
            Curve("F0", "Hz", times, np.full(50, 120.0)),
            Curve("level", "dB", times, -times),
            Span("pause", clip.duration / 2, clip.duration / 2 + 0.1),
        ]


def training() -> np.ndarray:
    rng = np.random.default_rng(1)
    values = rng.normal([2.0, -20.0, -20.0, 0.0], [0.5, 3.0, 3.0, 1.0], size=(200, 4))
    values[:, 3] = np.nan
    return values


@pytest.fixture(scope="module")
def model() -> RewardModel:
    values = training()
    weights = np.array([[0.3, -0.7, 0.2, 0.0], [0.0, 0.5, 0.1, 0.0]])
    mix = np.array([0.75, 0.25])
    head = LinearHead(
        ("prosody", "quality"),
        Normaliser.fit(values),
        weights,
        np.stack([0.8 * weights, 1.2 * weights]),
        mix,
        np.stack([mix, mix]),
    )
    return around(Extractor([Halves()]), head, Population.fit(values))


@pytest.fixture(scope="module")
def found(model: RewardModel) -> Explanation:
    return explain(model, voice(2.0))


def test_contributions_sum_to_the_reward_and_to_each_dimension(found: Explanation) -> None:
    reward = found.reward
    assert reward.scalar is not None
    assert math.fsum(p.contribution for p in found.parts) == pytest.approx(reward.scalar, abs=1e-6)
    for name, value in reward.dimensions.items():
        total = math.fsum(part.dimensions[name] for part in found.parts)
        assert total == pytest.approx(value, abs=1e-6)


def test_features_without_weight_are_left_out_and_the_largest_come_first(
    found: Explanation,
) -> None:
    assert {part.feature for part in found.parts} == {
        "halves.seconds",
        "halves.first",
        "halves.second",
    }
    sizes = [abs(part.contribution) for part in found.parts]
    assert sizes == sorted(sizes, reverse=True)


def test_values_and_places_are_those_of_the_clip(found: Explanation) -> None:
    parts = {part.feature: part for part in found.parts}
    seconds = parts["halves.seconds"]
    assert seconds.value == pytest.approx(2.0)
    assert seconds.unit == "s"
    share = float(np.mean(training()[:, 0] < 2.0))
    assert seconds.place == pytest.approx(share, abs=0.015)


def test_a_clip_far_out_has_no_reward_but_shows_why(model: RewardModel) -> None:
    found = explain(model, voice(30.0))
    assert found.reward.status == "out_of_distribution"
    assert found.reward.scalar is None
    assert found.reward.distance is not None
    assert {p.feature: p.place for p in found.parts}["halves.seconds"] == 1.0
    assert "out_of_distribution" in found.render()
    assert "above all" in found.render()
    rows = model.score_batch([voice(30.0), voice(2.0)])
    assert [row.status for row in rows] == ["out_of_distribution", "ok"]
    assert RewardModel(
        model.extractor, model.head, model.manifest, model.population, abstain=False
    )(voice(30.0)).status == "ok"  # fmt: skip


def test_a_clip_without_speech_is_no_error(model: RewardModel) -> None:
    found = explain(model, Clip(np.zeros(16_000, np.float32), 16_000, "silence"))
    assert found.parts == ()
    assert "no reward: no_speech" in found.render()
    with pytest.raises(RewardkitError, match="no_reward"):
        draw(found)


def test_text_names_the_largest_and_sums_up_the_others(found: Explanation) -> None:
    lines = found.render(most=1).splitlines()
    assert found.parts[0].feature in lines[-2]
    rest = math.fsum(part.contribution for part in found.parts[1:])
    assert lines[-1].split() == [f"{rest:+.3f}", "2", "other", "features", "together"]


def test_text_says_what_each_dimension_adds(found: Explanation) -> None:
    for name, weight in (("prosody", 0.75), ("quality", 0.25)):
        value = found.reward.dimensions[name]
        assert f"{value:+.2f} x {weight:.2f} = {weight * value:+.2f}" in found.render()


def test_without_training_clips_nothing_is_placed_among_them(model: RewardModel) -> None:
    found = explain(around(model.extractor, model.head), voice(2.0))
    assert [part.place for part in found.parts] == [None] * 3
    assert "above" not in found.render()


def test_json_holds_every_part(found: Explanation) -> None:
    row = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert [part["feature"] for part in row["parts"]] == [part.feature for part in found.parts]
    assert row["reward"] == found.reward.scalar


def test_the_picture_shows_what_was_heard_and_what_it_added(found: Explanation) -> None:
    figure = draw(found, most=2)
    wave, spectrum, level, bars, pitch = figure.axes
    assert [line.get_label() for line in pitch.lines] == ["F0"]
    assert np.allclose(pitch.lines[0].get_ydata(), 120.0)
    assert level.get_ylabel() == "level (dB)"
    assert spectrum.get_ylabel() == "Hz"
    assert len(wave.patches) == 1  # the pause
    widths = [patch.get_width() for patch in bars.patches]
    assert widths[:2] == pytest.approx([part.contribution for part in found.parts[:2]])
    assert widths[2] == pytest.approx(found.parts[2].contribution)  # the others together
    assert widths[-1] == pytest.approx(found.reward.scalar, abs=1e-6)
    starts = [patch.get_x() for patch in bars.patches]
    assert starts[1] == pytest.approx(widths[0])  # each begins where the last ended


@pytest.mark.parametrize(
    ("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("html", b"<!doctype html>")]
)
def test_files_of_each_kind(found: Explanation, tmp_path: Path, ending: str, start: bytes) -> None:
    path = tmp_path / f"figure.{ending}"
    save(found, path)
    first = path.read_bytes()
    assert first.startswith(start)
    save(found, path)
    assert path.read_bytes() == first


def test_the_page_escapes_names_and_fetches_nothing(found: Explanation, tmp_path: Path) -> None:
    clip = Clip(found.clip.samples, found.clip.sample_rate, "<script>alert(1)</script>.wav")
    save(dataclasses.replace(found, clip=clip), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert page.count("<tr>") == 1 + len(found.parts)


@pytest.mark.parametrize("name", ["$x_{$.wav", "b\udcffd.wav", "a\x1b[31m\n.wav"])
def test_any_name_can_be_shown(found: Explanation, tmp_path: Path, name: str) -> None:
    clip = Clip(found.clip.samples, found.clip.sample_rate, name)
    named = dataclasses.replace(found, clip=clip)
    for ending in ("png", "html"):
        save(named, tmp_path / f"page.{ending}")
    assert all(c.isprintable() for c in named.render().splitlines()[0])
    failed = Reward.failed(RewardkitError("no_speech", name))
    assert dataclasses.replace(named, reward=failed, parts=()).render().isprintable()


def test_another_ending_is_refused(found: Explanation, tmp_path: Path) -> None:
    with pytest.raises(RewardkitError, match=r"\.png, \.svg, \.html"):
        save(found, tmp_path / "figure.gif")


def test_curves_have_one_shape_and_a_unit() -> None:
    with pytest.raises(RewardkitError, match="bad_curve"):
        Curve("F0", "Hz", np.zeros(3), np.zeros(4))
    with pytest.raises(RewardkitError, match="bad_curve"):
        Curve("F0", "furlong", np.zeros(3), np.zeros(3))


def test_a_clip_of_which_nothing_that_counts_can_be_measured(model: RewardModel) -> None:
    weights = np.zeros((1, 4))
    weights[0, 3] = 1.0  # "never" was measured in training
    values = training()
    values[:, 3] = np.linspace(-1, 1, len(values))
    head = LinearHead(
        ("overall",),
        Normaliser.fit(values),
        weights,
        np.stack([weights, weights]),
        np.ones(1),
        np.ones((2, 1)),
    )
    found = explain(around(Extractor([Halves()]), head), voice(2.0))
    assert found.parts == ()
    assert found.reward.status != "ok"
    assert "nan" not in found.render()
    json.dumps(found.to_json(), allow_nan=False)


def test_a_picture_needs_a_folder(found: Explanation, tmp_path: Path) -> None:
    with pytest.raises(RewardkitError, match="no_folder"):
        save(found, tmp_path / "none" / "x.svg")
