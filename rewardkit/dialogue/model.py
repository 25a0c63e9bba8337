# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`DialogueModel`: turns in, the coherence of their dialogue out, and what each turn adds to it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from rewardkit import audio, checkpoint
from rewardkit.checkpoint import Manifest
from rewardkit.clip import Clip
from rewardkit.dialogue.compare import Comparer, Comparison, Relation, Scale
from rewardkit.dialogue.errors import DialogueError
from rewardkit.dialogue.record import Dialogue, Turn
from rewardkit.dialogue.reward import DialogueReward, TurnPart, TurnReward
from rewardkit.errors import CheckpointError, RewardkitError
from rewardkit.extract import Extractor
from rewardkit.head import LinearHead
from rewardkit.model import make_scorer, named_device

Floats = NDArray[np.float64]

DEFAULT: Final = "coherence"
"""The checkpoint of dialogues that ships."""


class DialogueModel:
    """A reward of dialogues: scorers, comparisons between turns, and a head over those.

    Every turn has a reward that is linear in its turn-to-turn features, each bounded to what
    training showed, and the dialogue's is their mean: so each turn's part in it is known exactly,
    and a dialogue gains nothing by being long.

    Args:
        extractor: Measures the turns' clips.
        comparer: Makes the turn-to-turn features of what was measured.
        head: Gives a turn its reward; of one dimension.
        manifest: What the checkpoint says of itself.

    Raises:
        CheckpointError: `bad_head` when the head has more than one dimension, or other columns.
    """

    def __init__(
        self, extractor: Extractor, comparer: Comparer, head: LinearHead, manifest: Manifest
    ) -> None:
        if len(head.dimensions) != 1 or len(head.normaliser.centre) != len(comparer.names):
            raise CheckpointError(
                "bad_head",
                f"a head of dialogues has one dimension over {len(comparer.names)} comparisons, "
                f"not {len(head.dimensions)} over {len(head.normaliser.centre)}",
            )
        self.extractor = extractor
        self.comparer = comparer
        self.head = head
        self.manifest = manifest

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The name of what is judged."""
        return self.head.dimensions

    @classmethod
    def from_pretrained(
        cls, name: str | Path | None = None, *, revision: str | None = None, device: str = "cpu"
    ) -> DialogueModel:
        """Load a checkpoint.

        Args:
            name: A folder, the name of one that ships, or a hub id; None takes `coherence`.
            revision: Commit or tag at the hub.
            device: As in `RewardModel.from_pretrained`.

        Raises:
            CheckpointError: When there is none, it is damaged, it judges clips (`wrong_kind`), or
                it does not match the scorers that are installed (`scorer_mismatch`).
        """
        folder = checkpoint.locate(DEFAULT if name is None else name, revision=revision)
        return cls.load(folder, device=device)

    @classmethod
    def load(cls, folder: str | Path, *, device: str = "cpu") -> DialogueModel:
        """Load a checkpoint from its folder; see `from_pretrained`."""
        manifest, tensors = checkpoint.load(Path(folder), "dialogue")
        extractor = Extractor(
            [make_scorer(entry, folder) for entry in manifest.scorers],
            require_speech=manifest.requires_speech,
            device=named_device(device),
        )
        if extractor.schema.digest != manifest.schema_digest:
            raise CheckpointError(
                "scorer_mismatch",
                f"{folder}: the installed scorers declare other features than it was trained on",
            )
        try:
            comparisons = [
                Comparison(
                    cast("Relation", c.relation), c.name, c.of, cast("Scale", c.scale), c.beyond
                )
                for c in manifest.comparisons
            ]
            comparer = Comparer(comparisons, extractor.schema)
        except RewardkitError as error:
            raise CheckpointError("bad_manifest", f"{folder}: {error.message}") from error
        if tuple(entry.name for entry in manifest.features) != comparer.names:
            raise CheckpointError(
                "bad_manifest", f"{folder}: its features are not those of its comparisons"
            )
        head = LinearHead.from_tensors(tensors, manifest.dimensions)
        return cls(extractor, comparer, head, manifest)

    def save(self, folder: str | Path, card: str) -> None:
        """Write the checkpoint; a reader at any moment finds the old one or the new one.

        Args:
            folder: Made when absent.
            card: The model card, Markdown.
        """
        checkpoint.save(folder, self.manifest, self.head.tensors(), card)

    def score_dialogue(
        self,
        turns: Dialogue | Iterable[Turn],
        *,
        limits: audio.Limits | None = None,
    ) -> DialogueReward:
        """The reward of one dialogue.

        Args:
            turns: In order; at least two.
            limits: What is accepted as a clip.

        Returns:
            A reward; one with a status other than `ok`, and no numbers, when there is none: a
            turn that can't be read or measured leaves its dialogue without.

        Raises:
            DialogueError: `too_few_turns`, `unordered`.
        """
        dialogue = Dialogue.of(turns)
        clips: list[Clip] = []
        for number, turn in enumerate(dialogue.turns, 1):
            try:
                clips.append(audio.read(turn.clip, limits=limits or audio.Limits()))
            except RewardkitError as error:
                return DialogueReward.failed(_of_turn(error, number, turn), dialogue.name)
        texts = [
            clip if turn.text is None else clip.with_text(turn.text)
            for clip, turn in zip(clips, dialogue.turns, strict=True)
        ]
        features = self.extractor(texts)
        for number, (turn, found) in enumerate(
            zip(dialogue.turns, features.errors, strict=True), 1
        ):
            if found is not None:
                return DialogueReward.failed(_of_turn(found, number, turn), dialogue.name)
        return self.judge(dialogue, features.values, [clip.duration for clip in clips])

    def judge(
        self, dialogue: Dialogue, values: Floats, durations: Iterable[float]
    ) -> DialogueReward:
        """The reward of a dialogue whose turns are measured already.

        Args:
            dialogue: The turns.
            values: `(turns, features)` in the order of the extractor's schema.
            durations: Of the turns' clips, in s: where a turn has a start and no end.
        """
        table = compare(self.comparer, dialogue, values, durations)
        weights = self.head.mix[0] * self.head.weights[0]
        z = self.head.normaliser(table)
        share = z * weights / len(table)
        shares = share.reshape(len(table), -1, table.shape[1]).sum(axis=1)
        if np.isnan(table[:, self.head.reads]).all():
            where = f"{dialogue.name}: " if dialogue.name else ""
            error = DialogueError(
                "not_comparable",
                f"{where}no turn can be compared: each speaker has a single turn, or too little "
                "could be measured",
            )
            return DialogueReward.failed(error, dialogue.name)
        turns = tuple(
            self._turn(number, turn, row, parts)
            for number, (turn, row, parts) in enumerate(
                zip(dialogue.turns, table, shares, strict=True), 1
            )
        )
        scalar = math.fsum(turn.contribution for turn in turns)
        members = self.head.members[:, 0] * self.head.mix_members
        drawn = (z.mean(axis=0) * members).sum(axis=1)
        return DialogueReward(
            scalar,
            {self.head.dimensions[0]: scalar},
            float(drawn.std(ddof=1)),
            turns,
            name=dialogue.name,
        )

    def _turn(self, number: int, turn: Turn, row: Floats, shares: Floats) -> TurnReward:
        columns = zip(
            self.comparer.names, self.comparer.features, row.tolist(), shares.tolist(), strict=True
        )
        parts = [
            TurnPart(name, f.unit, f.about, None if math.isnan(value) else value, part)
            for name, f, value, part in columns
        ]
        contribution = math.fsum(part.contribution for part in parts)
        ordered = tuple(sorted(parts, key=lambda part: part.contribution))
        return TurnReward(number, turn.speaker, turn.source, contribution, ordered)


def compare(
    comparer: Comparer, dialogue: Dialogue, values: Floats, durations: Iterable[float]
) -> Floats:
    """A dialogue's turn-to-turn features, `(turns, comparisons)`.

    Args:
        comparer: Makes them.
        dialogue: The turns.
        values: What was measured of them, `(turns, features)`.
        durations: Of their clips, in s.
    """
    turns = dialogue.turns
    ends = [
        turn.start + duration if turn.end is None and turn.start is not None else turn.end
        for turn, duration in zip(turns, durations, strict=True)
    ]
    return comparer([t.speaker for t in turns], values, [t.start for t in turns], ends)


def _of_turn(error: RewardkitError, number: int, turn: Turn) -> RewardkitError:
    """The error with the turn it is about."""
    return RewardkitError(error.code, f"turn {number} ({turn.speaker}): {error.message}")
