# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`RewardModel`: clips in, rewards out. Load it once, call it thousands of times."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rewardkit import audio, checkpoint, scorers
from rewardkit.callable import RewardFunction
from rewardkit.checkpoint import Manifest, ScorerEntry
from rewardkit.clip import Clip
from rewardkit.errors import CheckpointError, RewardkitError
from rewardkit.extract import Extractor
from rewardkit.features import Schema
from rewardkit.head import HeadOutput, LinearHead
from rewardkit.measuring import Measured, Recipe, measure_clips
from rewardkit.population import PREFIX, Population
from rewardkit.reward import Reward
from rewardkit.scorers import Scorer
from rewardkit.workers import Pool

DEFAULT = "default"
"""The checkpoint that is used when none is named, here or in `$REWARDKIT_CHECKPOINT`."""

_BATCH: Final = {"cpu": 32, "gpu": 1024}
"""Clips that are held in memory at a time, when measured on the CPU and elsewhere."""


class RewardModel:
    """A reward of speech: scorers, and a Bradley-Terry head over what they measure.

    Args:
        extractor: Measures clips.
        head: Turns measurements into rewards.
        manifest: What the checkpoint says of itself.
        population: The clips it was trained on; without, no clip is too far out.
        abstain: Whether a clip that lies too far from all training clips gets the status
            `out_of_distribution` in place of a reward.

    Example:
        >>> model = RewardModel.from_pretrained("prosody")
        >>> model(np.zeros(16_000, np.float32), sample_rate=16_000).status
        'no_speech'
    """

    def __init__(
        self,
        extractor: Extractor,
        head: LinearHead,
        manifest: Manifest,
        population: Population | None = None,
        *,
        abstain: bool = True,
    ) -> None:
        for part in (head.normaliser, population):
            if part is not None and len(part.centre) != len(extractor.schema):
                raise CheckpointError(
                    "bad_head",
                    f"its tensors are of {len(part.centre)} features, and the scorers declare "
                    f"{len(extractor.schema)}",
                )
        self.extractor = extractor
        self.head = head
        self.manifest = manifest
        self.population = population
        self.abstain = abstain

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The names of the rewards beside the scalar."""
        return self.head.dimensions

    @property
    def schema(self) -> Schema:
        """The features that the head reads."""
        return self.extractor.schema

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path | None = None,
        *,
        revision: str | None = None,
        device: str = "cpu",
        abstain: bool = True,
    ) -> RewardModel:
        """Load a checkpoint.

        Args:
            name: A folder, a shipped name (`default`, `prosody`) or a hub id; None takes
                `$REWARDKIT_CHECKPOINT`, or else `default`.
            revision: Commit or tag at the hub.
            device: Where networks and batched signal work run: `"cpu"`, a torch device such as
                `"cuda"`, or `"auto"` for a GPU if there is one. Tensors that already lie on a
                GPU are measured there in any case. Off the CPU numbers may differ by 1e-4.
            abstain: As in the class.

        Raises:
            CheckpointError: When there is none, it is damaged, or it does not match the scorers
                that are installed (`scorer_mismatch`, with the differences).
            RewardkitError: `bad_option` for a device that is unknown or not here.
        """
        if name is None:
            name = os.environ.get("REWARDKIT_CHECKPOINT") or DEFAULT
        return cls.load(checkpoint.locate(name, revision=revision), device=device, abstain=abstain)

    @classmethod
    def load(cls, folder: str | Path, *, device: str = "cpu", abstain: bool = True) -> RewardModel:
        """Load a checkpoint from its folder; see `from_pretrained`."""
        manifest, tensors = checkpoint.load(Path(folder), "clip")
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
        known = {key: tensors.pop(key) for key in list(tensors) if key.startswith(PREFIX)}
        head = LinearHead.from_tensors(tensors, manifest.dimensions)
        try:
            population = Population.from_tensors(known) if known else None
        except RewardkitError as error:
            raise CheckpointError(error.code, f"{folder}: {error.message}") from error
        return cls(extractor, head, manifest, population, abstain=abstain)

    def save(self, folder: str | Path, card: str | None = None) -> None:
        """Write the checkpoint; a reader at any moment finds the old one or the new one.

        Args:
            folder: Made when absent.
            card: The model card; by default one is written from the manifest.
        """
        from rewardkit.card import write_card

        text = card if card is not None else write_card(self.manifest)
        tensors = self.head.tensors()
        if self.population is not None:
            tensors |= self.population.tensors()
        checkpoint.save(folder, self.manifest, tensors, text)

    def __call__(
        self,
        source: audio.Source,
        *,
        sample_rate: int | None = None,
        limits: audio.Limits | None = None,
        explain: bool = False,
    ) -> Reward:
        """The reward of one clip.

        Args:
            source: A path, encoded bytes, a `Clip`, or samples as a numpy array or torch tensor
                of shape `(n,)` or `(channels, n)`.
            sample_rate: In Hz; required for samples, forbidden for what knows its own.
            limits: What is accepted as a clip.
            explain: Also give each feature's contribution to the scalar.

        Returns:
            A reward; one with a status other than `ok`, and no numbers, when there is none
            (`Reward.raise_for_status` turns that into an exception).
        """
        return self.score_batch([source], sample_rate=sample_rate, limits=limits, explain=explain)[
            0
        ]

    def score_batch(
        self,
        sources: Sequence[audio.Source],
        *,
        sample_rate: int | None = None,
        workers: int | Pool = 0,
        timeout: float = 120.0,
        limits: audio.Limits | None = None,
        explain: bool = False,
    ) -> list[Reward]:
        """The rewards of many clips, in order; see `score_iter`."""
        return list(
            self.score_iter(
                sources,
                sample_rate=sample_rate,
                workers=workers,
                timeout=timeout,
                limits=limits,
                explain=explain,
            )
        )

    def score_iter(
        self,
        sources: Iterable[audio.Source],
        *,
        sample_rate: int | None = None,
        workers: int | Pool = 0,
        timeout: float = 120.0,
        limits: audio.Limits | None = None,
        explain: bool = False,
    ) -> Iterator[Reward]:
        """Rewards as they are computed, in order, holding only a few clips in memory.

        A clip's reward is the same whatever else is scored with it, and however.

        Args:
            sources: As in a call.
            sample_rate: In Hz, of all sources that are bare samples.
            workers: Processes to measure with, which start and end here; or those of `pool`,
                with their own timeout and limits; 0 measures in this one.
            timeout: Seconds that a clip may take in a worker; without workers there is no
                deadline.
            limits: What is accepted as a clip.
            explain: Also give each feature's contribution to the scalar.

        Raises:
            RewardkitError: `bad_option` when the workers' pool is another model's.
        """
        limits = limits or audio.Limits()
        if workers:
            with self._workers(workers, timeout, limits) as pool:
                for measured in pool.parts(
                    (source, _rate(source, sample_rate)) for source in sources
                ):
                    yield from self._judge(measured, explain)
            return
        batch: list[Clip | RewardkitError] = []
        device = self.extractor.device
        for source in sources:
            here = _device(source) or self.extractor.device
            if here != device:
                yield from self._judge(measure_clips(self.extractor, batch, device=device), explain)
                batch, device = [], here
            try:
                batch.append(
                    audio.read(source, sample_rate=_rate(source, sample_rate), limits=limits)
                )
            except RewardkitError as error:
                batch.append(error)
            if len(batch) == _BATCH["cpu" if device == "cpu" else "gpu"]:
                yield from self._judge(measure_clips(self.extractor, batch, device=device), explain)
                batch = []
        yield from self._judge(measure_clips(self.extractor, batch, device=device), explain)

    def pool(
        self, workers: int, *, timeout: float = 120.0, limits: audio.Limits | None = None
    ) -> Pool:
        """Processes that measure for this model, batch after batch; use it in a `with` statement.

        Args:
            workers: How many.
            timeout: Seconds that a clip may take.
            limits: What is accepted as a clip.

        Raises:
            RewardkitError: `bad_option` for less than one process or no time.

        Example:
            >>> model = RewardModel.from_pretrained("prosody")
            >>> with model.pool(1) as pool:
            ...     silent = np.zeros(16_000, np.float32)
            ...     [model.score_batch([silent], sample_rate=16_000, workers=pool)[0].status
            ...      for step in range(2)]
            ['no_speech', 'no_speech']
        """
        return Pool(Recipe.of(self.extractor, limits or audio.Limits()), workers, timeout)

    def _workers(
        self, workers: int | Pool, timeout: float, limits: audio.Limits
    ) -> contextlib.AbstractContextManager[Pool]:
        """The workers, ended afterwards unless they are somebody's."""
        if not isinstance(workers, Pool):
            return self.pool(workers, timeout=timeout, limits=limits)
        if workers.recipe != Recipe.of(self.extractor, workers.recipe.limits):
            raise RewardkitError("bad_option", "workers: this pool measures for another model")
        return contextlib.nullcontext(workers)

    def _judge(self, measured: Sequence[Measured], explain: bool) -> list[Reward]:
        """Rows of features, or errors, to rewards."""
        rows = [row for row in measured if not isinstance(row, RewardkitError)]
        values = np.stack(rows) if rows else np.empty((0, len(self.schema)))
        judged = iter(self.judge(values, explain=explain))
        return [
            Reward.failed(row) if isinstance(row, RewardkitError) else next(judged)
            for row in measured
        ]

    def reward_function(self, **options: Any) -> RewardFunction:
        """What a policy-optimisation loop calls, batch after batch; see `RewardFunction`.

        Args:
            **options: Those of `RewardFunction`.

        Raises:
            RewardkitError: `bad_option`.
        """
        return RewardFunction(self, **options)

    def reward(
        self,
        waveforms: Any,
        sample_rate: int | Sequence[int] | None = None,
        *,
        dimensions: bool = False,
        lengths: Iterable[int] | None = None,
        **options: Any,
    ) -> Any:
        """The rewards of one batch of waveforms, as an array; see `RewardFunction.__call__`.

        In a loop, make a `reward_function` once and call that: it counts what fails.
        """
        return self.reward_function(**options)(
            waveforms, sample_rate, dimensions=dimensions, lengths=lengths
        )

    def judge(self, values: NDArray[np.float64], *, explain: bool = False) -> list[Reward]:
        """The rewards of clips that are measured already.

        Args:
            values: `(clips, features)` in the order of `schema`, as the extractor gives them.
            explain: Also give each feature's contribution to the scalar.
        """
        out = self.head(values)
        parts = self.head.contributions(values) if explain else None
        far = self.population.distance(values) if self.population else None
        bounded = self.head.normaliser.bounded(values)
        return [
            dataclasses.replace(
                self._reward(out, parts, None if far is None else float(far[row]), row),
                bounded=float(bounded[row]),
            )
            for row in range(len(values))
        ]

    def _reward(
        self, out: HeadOutput, parts: NDArray[np.float64] | None, distance: float | None, row: int
    ) -> Reward:
        error = out.errors[row]
        if error is None and self.abstain and self.population is not None and distance is not None:
            error = self.population.refusal(distance)
        if error is not None:
            return Reward.failed(error, distance)
        contributions = None
        if parts is not None:
            total = (self.head.mix[:, None] * parts[row]).sum(axis=0)
            contributions = dict(zip(self.schema.names, map(float, total), strict=True))
        names = self.head.dimensions
        return Reward(
            float(out.scalar[row]),
            dict(zip(names, map(float, out.dimensions[row]), strict=True)),
            float(out.std[row]),
            weights=dict(zip(names, map(float, self.head.mix), strict=True)),
            contributions=contributions,
            distance=distance,
        )


def _rate(source: audio.Source, sample_rate: int | None) -> int | None:
    """The given rate for bare samples; files, bytes and clips know their own."""
    knows = isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview, Clip))
    return None if knows else sample_rate


def _device(source: audio.Source) -> str | None:
    """The GPU that a tensor lies on; None for anything else."""
    device = getattr(source, "device", None)
    return str(device) if getattr(device, "type", "cpu") != "cpu" else None


def named_device(device: str) -> str:
    """The device that is meant; torch is imported only to look for another than the CPU.

    Raises:
        RewardkitError: `bad_option` for one that is unknown or not here.
    """
    if device == "cpu":
        return device
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # the latter: torch was built without it
        raise RewardkitError("bad_option", f"device {device!r}: {error}") from error
    return device


def make_scorer(entry: ScorerEntry, folder: str | Path) -> Scorer:
    """Make the scorer that a checkpoint names, and refuse one that measures something else.

    Raises:
        CheckpointError: `scorer_mismatch`, with the differences.
    """
    scorer = scorers.load(entry.name, **entry.parameters)
    if scorers.identity(scorer) == entry.identity:
        return scorer
    found, wanted = scorers.describe(scorer), entry.model_dump()
    lines = [
        f"  {key}: trained with {wanted[key]!r}, installed {found[key]!r}"
        for key in ("version", "digest")
        if found[key] != wanted[key]
    ]
    lines += [
        f"  parameter {key}: trained with {wanted['parameters'].get(key)!r}, "
        f"installed {found['parameters'].get(key)!r}"
        for key in sorted(found["parameters"])
        if found["parameters"].get(key) != wanted["parameters"].get(key)
    ]
    raise CheckpointError(
        "scorer_mismatch",
        f"{folder}: scorer {entry.name!r} is not the one it was trained with:\n"
        + "\n".join(lines or ["  its declaration has changed"])
        + "\nInstall the version it was trained with, or train again.",
    )
