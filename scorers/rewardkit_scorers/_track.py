# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pitch track that scorers share, within each speaker's own range."""

from __future__ import annotations

from rewardkit.batch import Batch
from rewardkit_scorers._ranks import quantile
from rewardkit_scorers.praat.pitch import pitch
from rewardkit_scorers.praat.settings import Settings
from rewardkit_scorers.praat.track import Track

STEP = 0.01
"""Seconds between frames."""

ENOUGH = 200
"""Frames in which a speaker's range is told."""

COARSE_STEPS = (0.02, 0.04)
"""Least and greatest seconds between them; at either, windows for 60 Hz overlap."""

FEWEST = 5
"""Voiced frames from which a range can be told."""


def tracks(batch: Batch, floor: float, ceiling: float) -> tuple[Track, ...]:
    """Track the pitch of every clip twice: the second time within the speaker's own range.

    The first pass searches from floor to ceiling, in about `ENOUGH` frames. The second searches
    from 0.75 times the first quartile to 2.5 times the third quartile of what was found, still
    inside floor and ceiling: the two-pass method of De Looze & Hirst (2008), with the factor that
    Hirst (2011) advises for expressive speech. Fewer octave errors remain, and the window, three
    periods of the floor, fits the voice.

    Scorers ask for it by `batch.shared(tracks, floor, ceiling)`, so that it is made once.

    Args:
        batch: Clips of one sample rate.
        floor: Lowest pitch in Hz.
        ceiling: Highest pitch in Hz.

    Returns:
        One track per clip, with a frame every `STEP`; see `praat.pitch.pitch`.

    Example:
        >>> import numpy as np
        >>> from rewardkit.clip import Clip
        >>> time = np.arange(16_000) / 16_000
        >>> buzz = sum(np.cos(2 * np.pi * 120 * k * time) / k for k in range(1, 20)) / 8
        >>> batch = Batch([Clip(buzz.astype(np.float32), 16_000)])
        >>> (track,) = batch.shared(tracks, 60.0, 700.0)
        >>> round(track.floor), round(track.ceiling), round(float(np.nanmedian(track.f0)), 2)
        (90, 300, 120.0)

    Source:
        De Looze & Hirst (2008), "Detecting changes in key and range for the automatic modelling
        and coding of intonation", Speech Prosody 2008.
        Hirst (2011), "The analysis by synthesis of speech melody", J. Speech Sciences 1(1), 55-83.
    """
    least, greatest = COARSE_STEPS
    steps = [min(max(clip.duration / ENOUGH, least), greatest) for clip in batch]
    wide = pitch(batch, [Settings(floor, ceiling, step) for step in steps])
    return pitch(batch, [_own_range(track) for track in wide])


def _own_range(track: Track) -> Settings:
    """The settings of the second pass."""
    f0 = track.f0[track.voiced]
    if len(f0) < FEWEST:
        return Settings(track.floor, track.ceiling, STEP)
    first, third = quantile(f0, 0.25), quantile(f0, 0.75)
    return Settings(max(track.floor, 0.75 * first), min(track.ceiling, 2.5 * third), STEP)
