# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Dialogues: do the turns belong together, and which one does not.

`read` a file of turns or make a `Dialogue` of `Turn`s; a `DialogueModel` scores it. `Comparison`s
say what is compared between turns, of any scorer's numbers. `rewardkit.dialogue.fit` trains.
"""

from __future__ import annotations

from rewardkit.dialogue.compare import Comparer, Comparison
from rewardkit.dialogue.errors import DIALOGUE_CODES, DialogueError
from rewardkit.dialogue.model import DialogueModel
from rewardkit.dialogue.read import read
from rewardkit.dialogue.record import Dialogue, Turn
from rewardkit.dialogue.reward import DialogueReward, TurnPart, TurnReward

__all__ = [
    "DIALOGUE_CODES",
    "Comparer",
    "Comparison",
    "Dialogue",
    "DialogueError",
    "DialogueModel",
    "DialogueReward",
    "Turn",
    "TurnPart",
    "TurnReward",
    "read",
]
