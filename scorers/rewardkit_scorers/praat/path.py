# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The best path through the pitch candidates of a clip's frames (Viterbi search)."""

from __future__ import annotations

from typing import Any

import numpy as np

from rewardkit_scorers._compiled import compiled


@compiled
def best_path(
    counts: Any,
    frequencies: Any,
    strengths: Any,
    unvoiced: Any,
    ceiling: float,
    octave: float,
    octave_jump: float,
    voiced_unvoiced: float,
    f0: Any,
    strength: Any,
) -> None:
    """The path of greatest strength less costs, one candidate or "unvoiced" in each frame.

    Args:
        counts: Voiced candidates of each frame, int64 `(frames,)`.
        frequencies: Of all candidates, frame after frame, in Hz.
        strengths: Likewise.
        unvoiced: Strength of "unvoiced" in each frame, float64 `(frames,)`.
        ceiling: In Hz.
        octave: Octave cost.
        octave_jump: Cost per octave of change between frames, for this step.
        voiced_unvoiced: Cost of a change between voiced and unvoiced, for this step.
        f0: Receives the chosen frequencies, NaN where unvoiced.
        strength: Receives their strengths, NaN where unvoiced.

    Source:
        Boersma (1993), section 3.
    """
    frames = len(counts)
    widest = counts.max() + 1
    back = np.zeros((frames, widest), np.int8)
    now, before = np.zeros(widest), np.zeros(widest)
    pitch, pitch_before = np.zeros(widest), np.zeros(widest)
    at = 0
    states = 0
    for frame in range(frames):
        now, before = before, now
        pitch, pitch_before = pitch_before, pitch
        states_before, states = states, counts[frame] + 1
        # State 0 is "unvoiced", state j + 1 the frame's candidate j.
        for j in range(states):
            if j == 0:
                own = unvoiced[frame]
            else:
                pitch[j] = np.log2(frequencies[at + j - 1])
                own = strengths[at + j - 1] - octave * (np.log2(ceiling) - pitch[j])
            best = 0
            most = -np.inf
            for i in range(states_before):
                if (i == 0) != (j == 0):
                    cost = voiced_unvoiced
                elif i == 0:
                    cost = 0.0
                else:
                    cost = octave_jump * abs(pitch_before[i] - pitch[j])
                if before[i] - cost > most:
                    most = before[i] - cost
                    best = i
            now[j] = own + most if states_before else own
            back[frame, j] = best
        at += states - 1

    state = 0
    for j in range(1, states):
        if now[j] > now[state]:
            state = j
    for frame in range(frames - 1, -1, -1):
        at -= counts[frame]
        if state == 0:
            f0[frame] = np.nan
            strength[frame] = np.nan
        else:
            f0[frame] = frequencies[at + state - 1]
            strength[frame] = strengths[at + state - 1]
        state = back[frame, state]
