# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What a composite gives: a reward that remembers the reward model's own beside it."""

from __future__ import annotations

from dataclasses import dataclass

from rewardkit.reward import Reward


@dataclass(frozen=True)
class Composed(Reward):
    """A composite's reward of one sample.

    Its `distance` and `bounded` are those of the reward model's.

    Args:
        own: What the reward model says of the sound, which the composite's entries may not be
            compared with even where they have the same name; None without `preference` terms.
    """

    own: Reward | None = None
