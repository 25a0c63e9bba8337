# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""rewardkit: reward models of speech.

The names below are the library. They are imported when first used, so that `import rewardkit`
costs nothing.

Example:
    >>> import rewardkit
    >>> model = rewardkit.RewardModel.from_pretrained("prosody")
    >>> model.dimensions
    ('prosody', 'emotion', 'quality')
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rewardkit.audio import Limits, read
    from rewardkit.batch import Batch
    from rewardkit.callable import RewardFunction
    from rewardkit.clip import Clip
    from rewardkit.dialogue import Dialogue, DialogueModel, DialogueReward, Turn
    from rewardkit.errors import (
        AudioError,
        CheckpointError,
        PreferenceError,
        RewardkitError,
        ScorerError,
    )
    from rewardkit.extract import Extractor
    from rewardkit.features import Feature, Features, Schema
    from rewardkit.model import RewardModel
    from rewardkit.preferences import Preference
    from rewardkit.reward import Reward
    from rewardkit.scorers import Scorer

__all__ = [
    "AudioError",
    "Batch",
    "CheckpointError",
    "Clip",
    "Dialogue",
    "DialogueModel",
    "DialogueReward",
    "Extractor",
    "Feature",
    "Features",
    "Limits",
    "Preference",
    "PreferenceError",
    "Reward",
    "RewardFunction",
    "RewardModel",
    "RewardkitError",
    "Schema",
    "Scorer",
    "ScorerError",
    "Turn",
    "read",
]

_HOMES = {
    "audio": ("Limits", "read"),
    "batch": ("Batch",),
    "callable": ("RewardFunction",),
    "clip": ("Clip",),
    "dialogue": ("Dialogue", "DialogueModel", "DialogueReward", "Turn"),
    "errors": (
        "AudioError",
        "CheckpointError",
        "PreferenceError",
        "RewardkitError",
        "ScorerError",
    ),
    "extract": ("Extractor",),
    "features": ("Feature", "Features", "Schema"),
    "model": ("RewardModel",),
    "preferences": ("Preference",),
    "reward": ("Reward",),
    "scorers": ("Scorer",),
}
_MODULE = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module 'rewardkit' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"rewardkit.{_MODULE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
