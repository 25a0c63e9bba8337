# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two-pass pitch track that scorers share."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from rewardkit_scorers import _track
from rewardkit_scorers._track import COARSE_STEPS, STEP, tracks
from rewardkit_scorers.praat.pitch import pitch
from rewardkit_scorers.praat.settings import Settings

from rewardkit.batch import Batch
from rewardkit.clip import Clip


def test_second_pass_is_in_the_speakers_own_range(sounds):
    """Median 150 Hz, quartiles 125 and 175 Hz: from 0.75 * 125 to 2.5 * 175 Hz."""
    clip = sounds.clip(sounds.buzz(lambda t: 100 + 50 * t, duration=2.0))
    (track,) = tracks(Batch([clip]), 60.0, 700.0)
    assert track.floor == pytest.approx(0.75 * 125, rel=0.02)
    assert track.ceiling == pytest.approx(2.5 * 175, rel=0.02)
    (once,) = pitch(Batch([clip]), Settings(track.floor, track.ceiling, STEP))
    assert track.f0.tobytes() == once.f0.tobytes()
    assert np.median(np.diff(track.times)) == pytest.approx(STEP)


def test_range_stays_inside_what_was_asked_for(sounds):
    clip = sounds.clip(sounds.buzz(300.0))
    (track,) = tracks(Batch([clip]), 250.0, 400.0)
    assert (track.floor, track.ceiling) == (250.0, 400.0)


def test_each_clip_has_its_own_range(sounds):
    batch = Batch([sounds.clip(sounds.buzz(f0)) for f0 in (90.0, 180.0, 360.0)])
    found = batch.shared(tracks, 60.0, 700.0)
    assert batch.shared(tracks, 60.0, 700.0) is found
    for f0, track in zip((90.0, 180.0, 360.0), found, strict=True):
        assert track.floor == pytest.approx(max(60.0, 0.75 * f0), rel=2e-3)
        np.testing.assert_allclose(track.f0, f0, rtol=2e-3)


@pytest.mark.parametrize("voiced", [0.0, 0.03])
def test_without_enough_voice_the_range_is_that_asked_for(sounds, voiced):
    wave = np.zeros(16_000)
    wave[4000 : 4000 + int(16_000 * voiced)] = sounds.buzz(200.0)[: int(16_000 * voiced)]
    (track,) = tracks(Batch([sounds.clip(wave)]), 60.0, 700.0)
    assert (track.floor, track.ceiling) == (60.0, 700.0)


def test_an_octave_error_of_the_wide_range_is_repaired(sounds):
    """At the end every second pulse is lower: the wide range hears 85 Hz there, its own 170 Hz."""
    rng = np.random.default_rng(1)
    t = np.arange(32_000) / 16_000
    plain = sounds.buzz(170.0, duration=2.0)
    depth = np.where(t > 1.7, 0.5, 0.0)
    wave = plain * (1 + depth * np.cos(2 * np.pi * 85 * t)) + 1e-4 * rng.standard_normal(len(t))
    batch = Batch([sounds.clip(wave)])
    (wide,) = pitch(batch, Settings(60.0, 700.0, STEP))
    (track,) = tracks(batch, 60.0, 700.0)
    assert (wide.f0[wide.voiced] < 100).any()
    assert (track.f0[track.voiced] > 150).all()


@pytest.mark.parametrize("corpus", ["emodb_cc0", "librispeech_ccby"])
def test_coarse_first_pass_changes_real_tracks_less_than_where_the_clip_begins(data_dir, corpus):
    """The reason why the first pass may be coarse: only quartiles come from it."""

    def median(clips):
        return [np.nanmedian(track.f0) for track in tracks(Batch(clips), 60.0, 700.0)]

    paths = sorted((data_dir / corpus).rglob("*.flac"))[::9]
    clips = [Clip(soundfile.read(path, dtype="float32")[0], 16_000) for path in paths]
    later = [Clip(clip.samples[80:].copy(), 16_000) for clip in clips]  # by 5 ms
    coarse, moved = median(clips), median(later)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_track, "COARSE_STEPS", (STEP, STEP))
        fine = median(clips)
    assert min(COARSE_STEPS) > STEP
    by_step = np.abs(1200 * np.log2(np.divide(coarse, fine)))
    by_place = np.abs(1200 * np.log2(np.divide(moved, fine)))
    assert by_step.mean() < by_place.mean()
    assert np.median(by_step) < np.median(by_place) / 10
