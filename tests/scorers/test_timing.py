# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timing scorer: known pauses, syllables and levels in, known numbers out."""

from __future__ import annotations

import csv
import math
import subprocess
import sys

import numpy as np
import parselmouth
import pytest
import soundfile
import soxr
from rewardkit_scorers._levels import BAND, WINDOW
from rewardkit_scorers._pauses import STEP
from rewardkit_scorers._spectrum import band_levels
from rewardkit_scorers.timing import FEATURES, Timing

from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.scorers import Scorer, identity


def talk(sounds, pieces, sample_rate=16_000, noise=0.0):
    """Voice and silence in turn: seconds of voice where positive, of silence where negative."""
    wave = sounds.buzz(130, sum(abs(piece) for piece in pieces) + 0.1, sample_rate)
    gate = np.concatenate([np.full(round(abs(p) * sample_rate), float(p > 0)) for p in pieces])
    wave = wave[: len(gate)] * gate
    return wave + noise * np.random.default_rng(0).standard_normal(len(wave))


def syllables(sounds, intervals, depth=20.0, sample_rate=16_000, edge=0.1):
    """Voice whose level rises and falls by `depth` dB, a peak in the middle of each interval."""
    t = np.arange(round(sum(intervals) * sample_rate)) / sample_rate
    edges = np.concatenate(([0.0], np.cumsum(intervals)))
    k = np.clip(np.searchsorted(edges, t, side="right") - 1, 0, len(intervals) - 1)
    place = (t - edges[k]) / np.asarray(intervals)[k]
    wave = sounds.buzz(130, len(t) / sample_rate + 0.1, sample_rate)[: len(t)]
    wave *= 10 ** (depth * (np.sin(np.pi * place) ** 2 - 1) / 20)
    return np.pad(wave, round(edge * sample_rate))


def test_is_a_scorer():
    assert isinstance(Timing(), Scorer)


def test_levels_are_praats(sounds):
    """Differences of level against Praat's intensity of the same band."""
    clip = sounds.clip(syllables(sounds, [0.4] * 5, edge=0.0))
    level = band_levels(clip, [BAND], WINDOW, STEP)[:, 0]
    sound = parselmouth.Sound(clip.samples.astype(float), 16_000)
    intensity = sound.to_intensity(minimum_pitch=50, time_step=STEP)
    praat = np.interp(np.arange(len(level)) * STEP, intensity.xs(), intensity.values[0])
    middle = slice(10, -10)
    difference = (level - praat)[middle]
    assert np.ptp(difference) < 1.0
    assert np.corrcoef(level[middle], praat[middle])[0, 1] > 0.999


@pytest.mark.parametrize("noise", [0.0, 1e-3, 1e-2], ids=["silence", "-40 dB", "-20 dB"])
def test_pauses_have_their_lengths(sounds, noise):
    """Each edge to 20 ms, in silence and in noise."""
    pieces = [-0.5, 0.8, -0.3, 0.6, -0.7, 0.8, -0.15, 0.4, -0.25]
    values = Timing()(sounds.clip(talk(sounds, pieces, noise=noise)))
    assert values["leading_silence"] == pytest.approx(0.5, abs=0.01)
    assert values["trailing_silence"] == pytest.approx(0.25, abs=0.01)
    assert values["pause_count"] == 2
    assert values["pause_mean"] == pytest.approx(0.5, abs=0.02)
    assert values["pause_max"] == pytest.approx(0.7, abs=0.02)
    assert values["pause_sd"] == pytest.approx(0.4 / math.sqrt(2), abs=0.02)
    assert values["pause_log_mean"] == pytest.approx(math.log(0.21) / 2, abs=0.06)
    assert values["pause_log_sd"] == pytest.approx(math.log(7 / 3) / math.sqrt(2), abs=0.06)
    assert values["pause_share"] == pytest.approx(1.0 / 3.75, abs=0.01)
    assert values["pause_rate"] == pytest.approx(2 / 3.75, abs=0.01)
    assert values["run_mean"] == pytest.approx(2.75 / 3, abs=0.02)


def test_loud_noise_in_pauses_is_not_speech(sounds):
    """Noise 18 dB below the voice lies above the usual threshold of -25 dB."""
    wave = talk(sounds, [-0.5, 1.0, -0.6, 1.0, -0.4])
    wave += wave.std() * 10 ** (-18 / 20) * np.random.default_rng(2).standard_normal(len(wave))
    values = Timing()(sounds.clip(wave))
    assert values["pause_count"] == 1
    assert values["pause_mean"] == pytest.approx(0.6, abs=0.08)
    assert values["leading_silence"] == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("off", [0.0, 0.05])
@pytest.mark.parametrize("seconds", [0.05, 0.13, 1.0])
def test_digital_silence_at_the_ends_is_no_noise_floor(sounds, seconds, off):
    wave = talk(sounds, [-0.5, 1.0, -0.6, 1.0, -0.4])
    wave += wave.std() * 10 ** (-18 / 20) * np.random.default_rng(2).standard_normal(len(wave))
    padded = np.pad(wave + off, (0, round(seconds * 16_000)))
    plain, values = Timing()(sounds.clip(wave)), Timing()(sounds.clip(padded))
    assert values["pause_count"] == plain["pause_count"] == 1
    for name in ("leading_silence", "pause_mean", "run_mean"):
        assert values[name] == pytest.approx(plain[name], abs=0.02)
    expected = plain["trailing_silence"] + seconds
    assert values["trailing_silence"] == pytest.approx(expected, abs=0.02)


def test_a_click_is_not_speech(sounds):
    wave = talk(sounds, [0.8, -0.8, 0.8])
    wave[round(1.2 * 16_000) :][:32] += 0.5
    assert Timing()(sounds.clip(wave))["pause_count"] == 1


def test_no_pauses_have_no_length(sounds):
    values = Timing()(sounds.clip(talk(sounds, [1.5])))
    assert values["pause_count"] == values["pause_share"] == values["pause_rate"] == 0
    assert math.isnan(values["pause_mean"])
    assert math.isnan(values["pause_max"])
    assert math.isnan(values["pause_sd"])


@pytest.mark.parametrize("rate", [2.0, 4.0, 6.0, 8.0])
@pytest.mark.parametrize("depth", [6.0, 20.0])
def test_syllables_are_counted(sounds, rate, depth):
    count = round(3 * rate)
    values = Timing()(sounds.clip(syllables(sounds, [1 / rate] * count, depth)))
    assert values["speech_rate"] == pytest.approx(rate, rel=0.05)
    assert values["articulation_rate"] == values["speech_rate"]
    assert values["npvi"] < 10
    assert values["varco"] < 10


def test_pauses_lower_speech_rate_but_not_articulation_rate(sounds):
    part = syllables(sounds, [0.2] * 8, edge=0.0)
    wave = np.concatenate([part, np.zeros(round(0.8 * 16_000)), part])
    values = Timing()(sounds.clip(wave))
    assert values["pause_count"] == 1
    assert values["articulation_rate"] == pytest.approx(5, rel=0.07)
    assert values["speech_rate"] == pytest.approx(16 / 4, rel=0.07)
    assert values["npvi"] < 10  # the interval across the pause is left out


def test_long_short_rhythm_has_its_npvi(sounds):
    """Peaks of syllables of 0.3 and 0.15 s by turns lie 0.225 s apart, so shift them by hand."""
    gaps = np.resize([0.15, 0.3], 12)
    peaks = 0.2 + np.concatenate(([0.0], np.cumsum(gaps)))
    t = np.arange(round((peaks[-1] + 0.2) * 16_000)) / 16_000
    level = np.max([-(((t - peak) / 0.04) ** 2) for peak in peaks], axis=0)
    wave = sounds.buzz(130, len(t) / 16_000 + 0.1)[: len(t)] * 10 ** (np.maximum(level, -20) / 20)
    values = Timing()(sounds.clip(wave))
    assert values["npvi"] == pytest.approx(100 * 0.15 / 0.225, rel=0.1)
    assert values["varco"] == pytest.approx(100 * gaps.std(ddof=1) / gaps.mean(), rel=0.1)
    assert values["final_lengthening"] == pytest.approx(math.log(0.3 / 0.225), abs=0.1)


@pytest.mark.parametrize("slope", [-6.0, 0.0, 3.0])
def test_level_slope(sounds, slope):
    wave = sounds.buzz(130, 2.0)
    t = np.arange(len(wave)) / 16_000
    values = Timing()(sounds.clip(wave * 10 ** (slope * (t - 1) / 20) / 2))
    assert values["level_slope"] == pytest.approx(slope, abs=0.1)
    if slope:
        assert values["level_range"] == pytest.approx(2 * 0.9 * abs(slope), rel=0.1)
        assert values["level_sd"] == pytest.approx(2 * abs(slope) / math.sqrt(12), rel=0.1)


def test_peaks_have_their_sharpness_and_speed(sounds):
    """A level that swings by 12 dB, four times a second."""
    values = Timing()(sounds.clip(syllables(sounds, [0.25] * 12, depth=12.0, edge=0.0)))
    assert values["peak_sharpness"] == pytest.approx(12, rel=0.15)
    assert values["attack"] == pytest.approx(12 / 0.125, rel=0.2)
    assert values["decay"] == pytest.approx(12 / 0.125, rel=0.2)
    assert values["stress_sd"] < 0.5


@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 44_100])
def test_sample_rate_changes_little(sounds, sample_rate):
    """A clip at any rate, brought to 16 kHz by the host, against the same at 48 kHz."""
    wave = syllables(sounds, [0.2, 0.3, 0.25, 0.15] * 3, sample_rate=48_000)
    wave += 1e-4 * np.random.default_rng(0).standard_normal(len(wave))
    there = soxr.resample(wave, 48_000, sample_rate)
    values = Timing()(sounds.clip(soxr.resample(there, sample_rate, 16_000)))
    plain = Timing()(sounds.clip(soxr.resample(wave, 48_000, 16_000)))
    assert values == pytest.approx(plain, rel=0.03, abs=0.1, nan_ok=True)


def test_hand_marked_syllables_of_real_speech(data_dir):
    """Every fourth clip of EmoDB against its marks, by level peaks; all: `benchmarks/syllables.py`.

    The learned detector has heard these clips, so here it is only held to fit them.
    """
    folder = data_dir / "emodb_cc0"
    with (folder / "syllables.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))[::4]
    clips = []
    for line in lines:
        path = (folder / line["file"]).with_suffix(".flac")
        clips.append(Clip(*soundfile.read(path, dtype="float32")))
    names = [feature.name for feature in FEATURES]
    values = dict(zip(names, Timing().score_batch(clips).T, strict=True))
    duration = np.array([clip.duration for clip in clips])
    span = duration - values["leading_silence"] - values["trailing_silence"]
    spoken = values["run_mean"] * (values["pause_count"] + 1)
    marked = np.array([float(line["n_syllables"]) for line in lines])
    for counted, least in (
        (values["speech_rate"] * span, 0.85),
        (values["syllable_rate"] * spoken, 0.95),
    ):
        error = counted - marked
        assert np.corrcoef(marked, counted)[0, 1] > least
        assert np.abs(error).mean() < 2
        assert abs(error.mean()) < 1.5


def test_long_pauses_are_told_from_others(sounds):
    values = Timing()(sounds.clip(talk(sounds, [0.6, -1.4, 0.6, -0.3, 0.6, -0.5, 0.6, -0.6, 0.6])))
    assert values["long_pause_share"] == 0.25
    assert values["run_cv"] < 5


def test_phrases_end_with_lengthening(sounds):
    """Two phrases whose last peaks come twice as late as the others, and one pause."""
    gaps = [0.2, 0.2, 0.2, 0.2, 0.4]
    peaks = 0.2 + np.concatenate(([0.0], np.cumsum(gaps)))
    t = np.arange(round((peaks[-1] + 0.2) * 16_000)) / 16_000
    level = np.max([-(((t - peak) / 0.05) ** 2) for peak in peaks], axis=0)
    phrase = sounds.buzz(130, len(t) / 16_000 + 0.1)[: len(t)] * 10 ** (np.maximum(level, -18) / 20)
    wave = np.concatenate([phrase, np.zeros(8_000), phrase])
    values = Timing()(sounds.clip(wave))
    assert values["pause_count"] == 1
    assert values["phrase_lengthening"] == pytest.approx(math.log(2), abs=0.1)


@pytest.mark.parametrize("speed", [-0.2, 0.0, 0.2])
def test_acceleration(sounds, speed):
    """Rate that grows by `speed` a second, as a share of itself, from four syllables a second."""
    ends = [0.0]
    while ends[-1] < 4:
        ends.append(ends[-1] + 0.25 * math.exp(-speed * ends[-1]))
    values = Timing()(sounds.clip(syllables(sounds, np.diff(ends))))
    assert values["acceleration"] == pytest.approx(speed, abs=0.04)


@pytest.mark.parametrize("rate", [2.0, 4.0, 8.0])
def test_modulation_has_the_frequency_of_the_swings(sounds, rate):
    t = np.arange(48_000) / 16_000
    wave = sounds.buzz(130, 3.2)[: len(t)] * 10 ** (0.3 * np.sin(2 * np.pi * rate * t))
    values = Timing()(sounds.clip(wave))
    assert values["modulation_centroid"] == pytest.approx(rate, abs=0.6)
    assert (values["syllabic_share"] > 0.9) == (rate == 4)


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_looped_syllables_are_counted(data_dir, copies):
    """A quarter of a second of real speech said again and again by a stuck machine."""
    path = min((data_dir / "librispeech_ccby").rglob("*.flac"))
    samples, rate = soundfile.read(path, dtype="float32", stop=8 * 16_000)
    assert Timing()(Clip(samples, rate))["repeat_count"] == 0
    start = int(np.argmax(np.convolve(samples**2, np.ones(4_000), mode="same"))) - 2_000
    piece = samples[start : start + 4_000]
    looped = np.concatenate([samples[: start + 4_000], *[piece] * copies, samples[start + 4_000 :]])
    values = Timing()(Clip(looped, rate))
    assert values["repeat_count"] == copies
    assert values["repeat_share"] == pytest.approx(copies * 0.25 * rate / len(looped), rel=0.2)


def test_a_held_vowel_is_not_a_loop(sounds):
    assert Timing()(sounds.clip(talk(sounds, [-0.2, 2.0, -0.2], noise=1e-3)))["repeat_count"] == 0


def test_any_batch_order_and_chunking_gives_the_same_bits(sounds):
    """Also clips that can't be measured have their place."""
    clips = [
        sounds.clip(syllables(sounds, [0.2, 0.3, 0.25, 0.15] * k, depth=5.0 * k)) for k in (1, 2, 3)
    ]
    clips += [sounds.clip(np.zeros(8_000)), sounds.clip(np.zeros(0))]
    scorer = Timing()
    alone = np.array([list(scorer(clip).values()) for clip in clips])
    order = [3, 1, 0, 4, 2]
    shuffled = scorer.score_batch([clips[i] for i in order])
    assert np.array_equal(shuffled, alone[order], equal_nan=True)
    assert np.array_equal(scorer.score_batch(clips[1:3]), alone[1:3], equal_nan=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"vad": "webrtc"},
        {"dip": 0.0},
        {"dip": "1"},
        {"least_pause": -1.0},
        {"floor": 700.0, "ceiling": 60.0},
        {"floor": float("nan")},
        {"floor": 0},
        {"floor": 1e-4, "ceiling": 1e-3},
        {"ceiling": 9000.0},
    ],
)
def test_bad_parameters_are_refused(wrong):
    with pytest.raises(RewardkitError, match="bad_parameter"):
        Timing(**wrong)


def test_numpys_numbers_are_numbers():
    """They have the identity of Python's; JSON can't hold them by themselves."""
    scorer = Timing(floor=np.float32(75), dip=np.float64(2.0))
    assert identity(scorer) == identity(Timing(floor=75.0, dip=2.0))


def test_nothing_heavy_is_imported():
    """A clip by energy needs neither a network's runtime nor a signal-processing library."""
    code = (
        "import sys, numpy as np; from rewardkit.clip import Clip;"
        "from rewardkit_scorers.timing import Timing;"
        "Timing()(Clip(np.sin(np.arange(8000, dtype=np.float32)), 16000));"
        "heavy = {'torch', 'onnxruntime', 'silero_vad', 'librosa', 'sklearn', 'parselmouth'};"
        "print(sorted(heavy & {*sys.modules}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
