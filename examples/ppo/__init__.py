# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""PPO on a CPU: a small policy over prosody controls learns by a reward model of speech.

    python -m examples.ppo --steps 60 --out ppo

Run from the project's top folder. The engine is Praat's resynthesis of recorded or synthesised
sentences; the policy sets its pitch, range, tempo and a pause, and begins with a flat, hurried
voice that pauses where it should not. Nothing but the clips in `examples/clips` is needed.
"""
