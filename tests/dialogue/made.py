# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A model of dialogues whose rewards can be worked out by hand."""

from __future__ import annotations

import numpy as np

from rewardkit import scorers
from rewardkit.checkpoint import ComparisonEntry, FeatureEntry, Manifest, ScorerEntry
from rewardkit.dialogue import Comparer, Comparison, DialogueModel
from rewardkit.extract import Extractor
from rewardkit.head import LinearHead
from rewardkit.normaliser import Normaliser

COMPARISONS = (
    Comparison("own", "level", ("plain.level",)),
    Comparison("partner", "level", ("plain.level",)),
    Comparison("gap", "length"),
)


def dialogue_model(scorer: scorers.Scorer, require_speech: bool = False) -> DialogueModel:
    """A turn loses 1 for each 10 dB that it is off its speaker's level, and 1 for each s of gap.

    The partner's level is measured and has no weight. Two members, of 0.5 and 1.5 times that.
    """
    extractor = Extractor([scorer], require_speech=require_speech)
    normaliser = Normaliser(
        np.zeros(3), np.array([10.0, 10.0, 1.0]), np.array([-4.0, -4.0, 0.0]), np.full(3, 4.0),
        np.zeros(3),
    )  # fmt: skip
    weights = np.array([[0.0, 0.0, -1.0, -1.0, 0.0, 0.0]])
    members = np.stack([0.5 * weights, 1.5 * weights])
    head = LinearHead(("coherence",), normaliser, weights, members, np.ones(1), np.ones((2, 1)))
    manifest = Manifest(
        kind="dialogue",
        name="made",
        rewardkit="0",
        license="CC0-1.0",
        dimensions=("coherence",),
        scorers=(
            ScorerEntry(
                **scorers.describe(scorer) | {"parameters": scorers.parameters(scorer)},
                identity=scorers.identity(scorer),
            ),
        ),
        features=tuple(FeatureEntry(name=c.full_name, unit="") for c in COMPARISONS),
        comparisons=tuple(
            ComparisonEntry(relation=c.relation, name=c.name, of=c.of, scale=c.scale)
            for c in COMPARISONS
        ),
        schema_digest=extractor.schema.digest,
        requires_speech=require_speech,
        training={},
        evaluation={},
    )
    return DialogueModel(extractor, Comparer(COMPARISONS, extractor.schema), head, manifest)
