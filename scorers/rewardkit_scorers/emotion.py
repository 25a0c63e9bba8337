# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emotion: which one a clip expresses, how clearly, and where it lies on the affect circumplex."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.errors import CheckpointError, RewardkitError
from rewardkit.features import Feature
from rewardkit_scorers import _encoder_hub, _encoder_ours
from rewardkit_scorers._encoder import SAMPLE_RATE, Card, Network, Reading, locate
from rewardkit_scorers._parameters import plain

FLOOR: Final = -12.0
"""Nat; a log posterior below this is given as this. It is one in 160,000."""

SMALL: Final = 128
"""An embedding of no more dimensions than this is among the features unless told otherwise."""


@dataclass(frozen=True)
class Emotion:
    """Posteriors of emotions, arousal and valence, and the embedding that they come from.

    An encoder reads the clip at 16 kHz, scaled to one level, in windows of equal length, the
    last aligned to the end; a clip no longer than a window is read as it is, and nothing is
    padded. Numbers do not depend on gain, on other clips or on the number of
    threads. A clip with less than 0.2 s of sound gives NaN throughout.

    Posteriors come in two forms: `p_…` add up to one, and differences of `log_p_…` are log-odds,
    which is the scale that a linear head adds up on. Arousal and valence are the mean, weighted
    by the posteriors, of the classes' places on the unit circle of Russell 1980 ("A circumplex
    model of affect", J. Pers. Soc. Psychol. 39), neutral at its centre. They say where the
    recognised emotions lie; they are not ratings of arousal and valence. An encoder that was also
    trained on the same words acted at two intensities gives `strength`: log-odds of the stronger
    one, zero at the mean of what it was trained on.

    Args:
        source: The name of an encoder that ships, a folder, or a Hugging Face hub id
            `owner/name`: one in the layout of those that ship, or speechbrain's
            `emotion-recognition-wav2vec2-IEMOCAP` and `emotion-diarization-wavlm-large` (they
            need the extra `hub`). Nothing that is downloaded is executed.
        revision: Commit or tag at the hub.
        embedding: Whether the embedding is among the features; None for yes if it is small.

    Raises:
        RewardkitError: `bad_parameter` when `embedding` is something else.
        CheckpointError: When features, digest or numbers are asked for: `unknown_encoder`,
            `bad_encoder`, `missing_file`, `bad_tensors`, `unsafe_weights`, `missing_extra`.

    Example:
        >>> [feature.name for feature in Emotion(embedding=False).features][-3:]
        ['arousal', 'valence', 'entropy']
    """

    source: str = field(default="emotion-emodb", metadata={"location": True})
    revision: str | None = field(default=None, metadata={"location": True})
    embedding: bool | None = None

    name = "emotion"
    version = 3
    sample_rate = SAMPLE_RATE

    def __post_init__(self) -> None:
        if not isinstance(plain(self, "embedding"), bool | None):
            raise RewardkitError(
                "bad_parameter",
                f"emotion: embedding {self.embedding!r} must be true, false or null",
            )

    @cached_property
    def card(self) -> Card:
        """What the encoder says of itself; read once, without torch."""
        folder = locate(self.source, self.revision)
        card = _encoder_ours.read(folder) or _encoder_hub.read_card(folder)
        if card is None:
            raise CheckpointError(
                "bad_encoder",
                f"{folder}: neither {_encoder_ours.EMBEDDING} with {_encoder_ours.CONFIG}, nor "
                f"{_encoder_hub.ENCODER} with {_encoder_hub.HYPERPARAMETERS}",
            )
        return card

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over the encoder's weights and configuration."""
        return self.card.digest()

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """What is measured, by the encoder's list of classes."""
        card = self.card
        declared = [Feature(f"p_{c}", "1", f"posterior of {c}", 0, 1) for c in card.classes]
        declared += [
            Feature(f"log_p_{c}", "nat", f"log posterior of {c}", FLOOR, 0) for c in card.classes
        ]
        if card.degrees is not None:
            declared += [
                Feature("arousal", "1", "from calm (-1) to excited (1), by the posteriors", -1, 1),
                Feature("valence", "1", "from bad (-1) to good (1), by the posteriors", -1, 1),
            ]
        most = math.log(len(card.classes))
        declared.append(Feature("entropy", "nat", "of the posteriors: 0 if certain", 0, most))
        if card.framewise and "neutral" in card.classes:
            declared.append(
                Feature("emotional_share", "1", "share of frames that are not neutral", 0, 1)
            )
        if card.strength is not None:
            declared.append(Feature("strength", "nat", "how strongly the emotion is shown"))
        if self._with_embedding:
            digits = max(2, len(str(card.dimensions - 1)))
            declared += [
                Feature(f"embedding_{i:0{digits}}", "1", f"dimension {i} of the embedding")
                for i in range(card.dimensions)
            ]
        return tuple(declared)

    @property
    def _with_embedding(self) -> bool:
        if self.embedding is None:
            return self.card.dimensions <= SMALL
        return self.embedding

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """Measure one clip at 16 kHz; the first call in a process loads the network."""
        row = self.score_batch([clip])[0].tolist()
        return dict(zip((feature.name for feature in self.features), row, strict=True))

    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Measure clips at 16 kHz: shape `(clips, features)`; see `__call__`."""
        network = _network(self.card, self.digest, Batch.of(clips).device)
        table = np.full((len(clips), len(self.features)), math.nan)
        for row, reading in zip(table, network([c.samples for c in clips]), strict=True):
            if reading is not None:
                row[:] = self._numbers(reading)
        return table

    def _numbers(self, reading: Reading) -> list[float]:
        """The features' values, in order."""
        logs = reading.log_posteriors
        posteriors = np.exp(logs)
        numbers = [*np.clip(posteriors, 0, 1), *np.clip(logs, FLOOR, 0)]
        if self.card.degrees is not None:
            angles = np.deg2rad([0.0 if angle is None else angle for angle in self.card.degrees])
            outside = [angle is not None for angle in self.card.degrees]
            axes = np.stack([np.sin(angles), np.cos(angles)]) * outside
            numbers.extend(np.clip(np.sum(axes * posteriors, axis=1), -1, 1))
        entropy = -np.sum(posteriors * np.where(posteriors > 0, logs, 0.0))
        numbers.append(np.clip(entropy, 0, math.log(len(logs))))
        if reading.emotional_share is not None:
            numbers.append(reading.emotional_share)
        if self.card.strength is not None:
            numbers.append(reading.embedding[self.card.strength])
        if self._with_embedding:
            numbers.extend(reading.embedding)
        return [float(number) for number in numbers]


@lru_cache(maxsize=4)
def _network(card: Card, digest: str, device: str) -> Network:
    """The encoder's network, once per process, weights and device.

    Raises:
        CheckpointError: `bad_encoder` when its files changed after the digest was taken.
    """
    network = card.load(device)
    if card.digest() != digest:
        raise CheckpointError(
            "bad_encoder", f"{card.files[0][1].parent}: files changed while in use; start again"
        )
    return network
