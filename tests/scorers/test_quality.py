# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quality scorer: DistillMOS with the weights that its package holds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rewardkit_scorers import quality
from rewardkit_scorers.quality import SAMPLE_RATE, WINDOW, Quality, segments

from rewardkit import audio, torchaudio_cpu
from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.errors import CheckpointError
from rewardkit.scorers import Scorer, identity
from rewardkit.testing import CHECKS, voice

torchaudio_cpu.prepare()
distillmos = pytest.importorskip("distillmos")


def scorer() -> Quality:
    return Quality()


def clip(samples: np.ndarray) -> Clip:
    return Clip(samples.astype(np.float32), SAMPLE_RATE)


@pytest.mark.parametrize("check", CHECKS)
def test_conforms(check: Callable[[Scorer], None]) -> None:
    check(scorer())


def test_declaring_imports_no_torch() -> None:
    code = (
        "import sys; from rewardkit_scorers.quality import Quality\n"
        "Quality().features; Quality().digest\n"
        "print([m for m in ('torch', 'torchaudio', 'distillmos') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (answer.stdout, answer.returncode) == ("[]\n", 0), answer.stderr


def test_identity_is_the_weights_and_the_hop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert identity(Quality(hop=2.0)) != identity(Quality())
    plain = identity(Quality())
    data = bytearray(quality._weights_path().read_bytes())
    data[-1] ^= 1
    (tmp_path / "weights.pt").write_bytes(data)
    monkeypatch.setattr(quality, "_weights_path", lambda: tmp_path / "weights.pt")
    assert identity(Quality()) != plain


@pytest.fixture(scope="module")
def package() -> Callable[[np.ndarray], float]:
    """The package's own interface."""
    model = distillmos.ConvTransformerSQAModel().eval()

    def rate(samples: np.ndarray) -> float:
        with torch.inference_mode():
            return float(model(torch.tensor(samples[None])))

    return rate


@pytest.mark.parametrize("samples", [WINDOW, WINDOW + 1, WINDOW + 16_000, WINDOW + 40_001])
def test_equals_the_package(package: Callable[[np.ndarray], float], samples: int) -> None:
    sound = np.resize(voice(4.0).samples, samples)
    assert scorer()(clip(sound))["mos"] == pytest.approx(package(sound), abs=1e-4)


def test_a_short_clip_is_one_that_repeats(package: Callable[[np.ndarray], float]) -> None:
    sound = voice(3.0).samples
    measured = scorer()(clip(sound))
    assert measured["mos"] == pytest.approx(package(np.resize(sound, WINDOW)), abs=1e-4)
    assert measured["mos"] == measured["mos_min"]
    assert np.isnan(measured["mos_sd"])


def test_length_alone_changes_little(example_clips: list[Path]) -> None:
    """Said once or said three times: with silence appended in place of repetition it would."""
    sound = audio.resample(audio.read(example_clips[3]), SAMPLE_RATE).samples
    once, thrice = (scorer()(clip(np.tile(sound, n)))["mos"] for n in (1, 3))
    assert once == pytest.approx(thrice, abs=0.5)


def test_damage_is_heard(example_clips: list[Path]) -> None:
    sound = audio.resample(audio.read(example_clips[3]), SAMPLE_RATE).samples
    random = np.random.default_rng(0)
    hiss = sound + 0.03 * random.standard_normal(len(sound))
    clean, clipped, noisy = (
        scorer()(clip(s))["mos"] for s in (sound, np.clip(20 * sound, -0.5, 0.5), hiss)
    )
    assert clean > clipped + 0.5
    assert clean > noisy + 0.5


def test_the_worst_window_shows_a_spoilt_end(example_clips: list[Path]) -> None:
    sound = audio.resample(audio.read(example_clips[3]), SAMPLE_RATE).samples
    sound = np.resize(sound, 2 * WINDOW)
    spoilt = sound.copy()
    spoilt[WINDOW:] = np.clip(20 * spoilt[WINDOW:], -0.5, 0.5)
    plain, measured = (Quality(hop=4.0)(clip(s)) for s in (sound, spoilt))
    assert measured["mos_min"] < measured["mos"] - 0.2
    assert measured["mos_sd"] > plain["mos_sd"] + 0.2


@pytest.mark.parametrize(
    "samples", [np.zeros(SAMPLE_RATE), np.full(SAMPLE_RATE, 0.3), np.ones(100), np.zeros(0)]
)
def test_nothing_to_rate_is_no_number(samples: np.ndarray) -> None:
    assert np.isnan(list(scorer()(clip(samples)).values())).all()


def test_a_long_silence_is_not_rated() -> None:
    sound = np.resize(voice(4.0).samples, WINDOW)
    around = np.concatenate([sound, np.zeros(2 * WINDOW, np.float32), sound])
    kept = segments(around.astype(np.float32), 1.0)
    assert 0 < len(kept) < 25
    assert all(np.ptp(window) > 0 for window in kept)


@settings(deadline=None, max_examples=30)
@given(seconds=st.floats(0.2, 30), hop=st.floats(0.1, 5))
def test_windows_are_equal_and_cover_the_clip(seconds: float, hop: float) -> None:
    samples = np.arange(1, round(seconds * SAMPLE_RATE) + 1, dtype=np.float32)
    samples *= (-1.0) ** samples  # every stretch is about as loud as the next
    found = segments(samples, hop)
    assert {len(window) for window in found} == {WINDOW}
    starts = np.array([abs(window[0]) for window in found])
    assert np.all(np.diff(starts) <= hop * SAMPLE_RATE + 1)
    assert max(abs(window).max() for window in found) == len(samples)


def test_a_batch_is_its_clips() -> None:
    clips = [voice(1.0), voice(9.0, seed=1), voice(3.0, seed=2)]
    table = scorer().score_batch(Batch(clips))
    rows = np.concatenate([scorer().score_batch([one]) for one in clips])
    assert np.array_equal(table, rows, equal_nan=True)


def test_spoilt_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights.pt"
    monkeypatch.setattr(quality, "_weights_path", lambda: path)
    for content, code in ((b"", "bad_tensors"), (None, "missing_file")):
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(CheckpointError, match=code):
            scorer()(voice(0.5))


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "distillmos", None)
    with pytest.raises(CheckpointError, match=r"missing_extra.*speech-rewardkit\[quality\]"):
        _ = Quality().digest


@pytest.mark.parametrize("hop", [0.0, -1.0, float("nan"), float("inf"), "1", True])
def test_hop_is_positive(hop: float) -> None:
    with pytest.raises(CheckpointError, match="bad_option"):
        Quality(hop=hop)
