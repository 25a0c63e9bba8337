# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Composite`: a recipe at work, with the state that it keeps over a run."""

from __future__ import annotations

import json
import logging
import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pydantic

from rewardkit import audio
from rewardkit.batch_function import LARGEST, OnFailure, Portable, checked, first_failure
from rewardkit.callable import RewardFunction
from rewardkit.clip import Clip
from rewardkit.composite.composed import Composed
from rewardkit.composite.preference import Preference
from rewardkit.composite.recipe import FLOOR, LIMIT, Floor, Recipe
from rewardkit.composite.state import Running, State
from rewardkit.composite.terms import Measured, Samples
from rewardkit.errors import RewardkitError
from rewardkit.files import replace
from rewardkit.reward import Reward
from rewardkit.waveforms import Sound, read, sound

_LOG: Final = logging.getLogger(__name__)


class Composite(Portable):
    """A reward that is a sum of terms; an adapter takes it as it takes a `RewardFunction`.

    Each reward's `dimensions` are what the entries of the sum add, and its `scalar` is exactly
    `math.fsum` of them. A sample for which a term that counts can't be measured has no reward. A
    term does not count where its gate is closed, nor where a floor decides; those with a
    constraint always count.

    Normalisers and multipliers learn from each batch while `learning` is True: first the
    normalisers, then the batch is judged, then the multipliers. They are this process's own, and
    threads may share them: one batch at a time is learned from. `functions` are called from each
    thread.

    Args:
        recipe: What it is made of.
        preference: Gives the `preference` terms their numbers.
        functions: What the recipe's terms call by name, such as `asr`.
        on_failure: As for `RewardFunction`.
        limits: What is accepted as a clip.

    Attributes:
        step: Where the schedules are; the loop sets it (the TRL adapter does so by itself).
        learning: False judges without learning, as for held-out samples.
        failures: How many samples had no reward, by code.

    Raises:
        RewardkitError: `bad_recipe` when the recipe needs what was not given, or compares with a
            reference by a preference in a conservative mode: a reference's lower bound, taken
            away, would raise the reward where the model knows least. Nor may that one be
            `Watched`, whose monitor would see the references.

    Example:
        >>> recipe = Recipe.model_validate({
        ...     "terms": {"right": {"kind": "exact_answer"},
        ...               "short": {"kind": "format", "pattern": ".{,5}"}},
        ...     "sum": {"right": {}, "short": {"weight": 0.5}},
        ... })
        >>> composite = Composite(recipe)
        >>> silent = RewardkitError("not_rendered", "text only")
        >>> (reward,) = composite.rewards([silent], [{"completion": "Rome", "answer": "Paris"}])
        >>> reward.scalar, dict(reward.dimensions)
        (0.5, {'right': 0.0, 'short': 0.5})
    """

    def __init__(
        self,
        recipe: Recipe,
        preference: RewardFunction | None = None,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        *,
        on_failure: OnFailure = "raise",
        limits: audio.Limits | None = None,
    ) -> None:
        self.recipe = recipe
        self.preference = preference
        self.functions = dict(functions or {})
        self.on_failure = checked(on_failure)
        self.limits = limits or audio.Limits()
        self.step = 0
        self.learning = True
        self.clips = 0
        self.failures: Counter[str] = Counter()
        self._running = {name: Running() for name, part in recipe.sum.items() if part.normalise}
        self._multipliers = {c.term: c.multiplier for c in recipe.constraints}
        self._lock = threading.Lock()
        self._check()
        _LOG.info("composite reward %s\n%s", recipe.digest, recipe.words())

    def _check(self) -> None:
        for name, term in self.recipe.terms.items():
            if term.function is not None and term.function not in self.functions:
                raise RewardkitError(
                    "bad_recipe",
                    f"{name} calls {term.function!r}; give it in functions={{...}}",
                )
        for name, term in self.recipe.preferences.items():
            if self.preference is None:
                raise RewardkitError("bad_recipe", f"{name} needs a reward model: preference=")
            if term.dimension not in (None, *self.preference.dimensions):
                known = ", ".join(self.preference.dimensions)
                raise RewardkitError(
                    "bad_recipe", f"{name}: no dimension {term.dimension!r}; there are {known}"
                )
            mode = getattr(self.preference, "mode", "mean")
            if term.reference is not None and mode != "mean":
                raise RewardkitError(
                    "bad_recipe",
                    f"{name} compares with a reference, and a reward function of mode {mode!r} "
                    "would pay for an uncertain reference; give one of mode 'mean'",
                )
            if term.reference is not None and hasattr(self.preference, "monitor"):
                raise RewardkitError(
                    "bad_recipe",
                    f"{name} compares with a reference, which a monitor of the reward function "
                    "would take for the policy's; watch the composite: Watched(composite, monitor)",
                )

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The names of what is added up."""
        return self.recipe.entries

    @property
    def weights(self) -> dict[str, float]:
        """The size of each entry's weight at this step, 1 for floors and constraints.

        A loop that standardises each entry by itself before it adds them (GDPO) takes their
        sizes away; give it these as its weights.
        """
        sizes = {name: abs(part.weight.at(self.step)) for name, part in self.recipe.sum.items()}
        return {name: sizes.get(name, 1.0) for name in self.dimensions}

    def rewards(
        self, sounds: Sequence[Sound], rows: Sequence[Mapping[str, Any]] | None = None
    ) -> list[Reward]:
        """One reward per sample, in order.

        Args:
            sounds: Clips, or anything that knows its sample rate, or why there is no sound.
            rows: What is known of each: `completion` and the data set's columns.

        Raises:
            RewardkitError: `missing_column` or `bad_function`: nothing could be judged so;
                `bad_batch` when there is not one row for each sound.
        """
        rows = [{}] * len(sounds) if rows is None else rows
        if len(rows) != len(sounds):
            raise RewardkitError("bad_batch", f"{len(rows)} rows for {len(sounds)} sounds")
        clips = [read(each, None, None, self.limits) for each in sounds]
        samples = Samples(clips, rows, self.functions)
        own = None
        if self.recipe.preferences:
            assert self.preference is not None  # noqa: S101  # checked when it was made
            own = self.preference.rewards(clips, rows)
        values = self._measure(samples, own)
        each = [{name: values[name][i] for name in values} for i in range(len(clips))]
        plans = [self._plan(row) for row in each]
        with self._lock:
            if self.learning:
                for name, running in self._running.items():
                    running.add(p[name] for p in plans if isinstance(p, dict) and name in p)
            added = [
                plan if isinstance(plan, RewardkitError) else self._added(plan, row)
                for plan, row in zip(plans, each, strict=True)
            ]
            if self.learning:
                self._learn_multipliers(values)
            self.clips += len(added)
            self.failures.update(a.code for a in added if isinstance(a, RewardkitError))
        return [_composed(a, None if own is None else own[i]) for i, a in enumerate(added)]

    def raise_for(self, rewards: Sequence[Reward]) -> None:
        """With `on_failure="raise"`, raise the first failure among some rewards, if any."""
        if self.on_failure == "raise":
            first_failure(rewards)

    def _measure(self, samples: Samples, own: Sequence[Reward] | None) -> dict[str, list[Measured]]:
        """Each term's plain value of each sample; `own` is what the reward model says of it."""
        values: dict[str, list[Measured]] = {
            name: term.measure(samples)
            for name, term in self.recipe.terms.items()
            if not isinstance(term, Preference)
        }
        known: dict[str, list[Reward]] = {}  # terms may share a column
        for name, term in self.recipe.preferences.items():
            against = None
            if term.reference is not None:
                if term.reference not in known:
                    known[term.reference] = self._references(term.reference, samples)
                against = known[term.reference]
            values[name] = [
                _preferred(term, reward, None if against is None else against[i])
                for i, reward in enumerate(own or ())
            ]
        return values

    def _references(self, column: str, samples: Samples) -> list[Reward]:
        """The rewards of what the samples are compared with: the sounds in a column.

        A reference without a text of its own says the sample's. Each distinct one is judged once.
        """
        assert self.preference is not None  # noqa: S101
        given = samples.column(column)
        said = [t if isinstance(t := row.get("text"), str) else None for row in samples.rows]
        clips = [
            read(sound(each), None, text, self.limits)
            for each, text in zip(given, said, strict=True)
        ]
        distinct: dict[Any, Sound] = {}
        for clip in clips:
            distinct.setdefault(_key(clip), clip)
        judged = self.preference.rewards(list(distinct.values()))
        by_key = dict(zip(distinct, judged, strict=True))
        return [by_key[_key(clip)] for clip in clips]

    def _plan(self, values: Mapping[str, Measured]) -> dict[str, float] | RewardkitError:
        """The plain values of the terms that count; no terms where a floor decides."""
        try:
            fallen = self._fallen(values)
            for constraint in self.recipe.constraints:
                _number(values[constraint.term])
            return (
                {}
                if fallen
                else {
                    name: _number(values[name])
                    for name, part in self.recipe.sum.items()
                    if part.when is None or part.when.holds(_number(values[part.when.term]))
                }
            )
        except RewardkitError as error:
            return error

    def _fallen(self, values: Mapping[str, Measured]) -> Floor | None:
        """The first floor whose bound does not hold, if any."""
        for floor in self.recipe.floors:
            if not floor.holds(_number(values[floor.term])):
                return floor
        return None

    def _added(
        self, plan: Mapping[str, float], values: Mapping[str, Measured]
    ) -> dict[str, float] | RewardkitError:
        """What each entry adds.

        A floor's value is shared among its own entry and the terms': a loop that standardises
        each entry by itself must find such a sample low in all of them. Constraints are charged
        beside it, or failing the floor would be the way out of a multiplier that has grown.
        """
        added = dict.fromkeys(self.dimensions, 0.0)
        fallen = self._fallen(values)
        if fallen is not None:
            share = fallen.value / (len(self.recipe.sum) + 1)
            added |= dict.fromkeys((*self.recipe.sum, FLOOR), share)
        else:
            for name, part in self.recipe.sum.items():
                if name not in plan:
                    added[name] = part.otherwise or 0.0
                    continue
                value = self._running[name](plan[name]) if part.normalise else plan[name]
                added[name] = part.weight.at(self.step) * value
        for c in self.recipe.constraints:
            excess = c.excess(_number(values[c.term]))
            added[LIMIT + c.term] = -self._multipliers[c.term] * excess
        numbers = added.values()
        if all(abs(number) < LARGEST for number in numbers) and abs(math.fsum(numbers)) < LARGEST:
            return added
        return RewardkitError("nonfinite_reward", f"too large for float32, or not finite: {added}")

    def _learn_multipliers(self, values: Mapping[str, Sequence[Measured]]) -> None:
        for c in self.recipe.constraints:
            found = [c.excess(v) for v in values[c.term] if not isinstance(v, RewardkitError)]
            if c.rate and found:
                moved = self._multipliers[c.term] + c.rate * math.fsum(found) / len(found)
                self._multipliers[c.term] = min(max(moved, 0.0), c.greatest)

    @property
    def multipliers(self) -> dict[str, float]:
        """The constraints' multipliers by term."""
        with self._lock:
            return dict(self._multipliers)

    def state(self) -> dict[str, Any]:
        """What was learned so far, as JSON values; keep it with the policy's checkpoint."""
        with self._lock:
            return State(
                recipe=self.recipe.digest,
                step=self.step,
                running=self._running,
                multipliers=self._multipliers,
            ).model_dump(mode="json")

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`.

        Raises:
            RewardkitError: `bad_state` when it is damaged or belongs to another recipe.
        """
        try:
            found = State.model_validate(state)
        except pydantic.ValidationError as error:
            raise RewardkitError("bad_state", str(error)) from error
        if found.recipe != self.recipe.digest:
            raise RewardkitError(
                "bad_state", f"it belongs to recipe {found.recipe}, this is {self.recipe.digest}"
            )
        if set(found.running) != set(self._running) or set(found.multipliers) != set(
            self._multipliers
        ):
            raise RewardkitError("bad_state", "it does not hold the terms of its recipe")
        for c in self.recipe.constraints:
            if not 0 <= found.multipliers[c.term] <= c.greatest:
                raise RewardkitError(
                    "bad_state",
                    f"multiplier {found.multipliers[c.term]:g} of {c.term}; it is 0 to "
                    f"{c.greatest:g}",
                )
        with self._lock:
            self.step = found.step
            self._running = found.running
            self._multipliers = found.multipliers

    def save(self, path: str | Path) -> None:
        """Write the state; a reader at any moment finds the old one or the new one."""
        replace(Path(path), (json.dumps(self.state(), indent=2) + "\n").encode())

    def load(self, path: str | Path) -> None:
        """Go on from a state that was saved; see `restore`."""
        try:
            self.restore(json.loads(Path(path).read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise RewardkitError("bad_state", f"{path}: {error}") from error


def _preferred(term: Preference, own: Reward, against: Reward | None) -> Measured:
    """A preference term's value, or why there is none."""
    numbers = []
    for reward in (own,) if against is None else (own, against):
        if reward.scalar is None:
            assert reward.error is not None  # noqa: S101  # no number without a reason
            return reward.error
        numbers.append(
            reward.scalar if term.dimension is None else reward.dimensions[term.dimension]
        )
    return term.value(numbers[0] - (0.0 if against is None else numbers[1]))


def _number(value: Measured) -> float:
    if isinstance(value, RewardkitError):
        raise value
    return value


def _composed(added: dict[str, float] | RewardkitError, own: Reward | None) -> Composed:
    """The reward that the entries add up to, with what the reward model knows of the sound."""
    distance, bounded = (None, None) if own is None else (own.distance, own.bounded)
    if isinstance(added, RewardkitError):
        status = Reward.failed(added).status
        return Composed(None, {}, None, status, added, distance=distance, bounded=bounded, own=own)
    total, weights = math.fsum(added.values()), dict.fromkeys(added, 1.0)
    return Composed(
        total, added, None, weights=weights, distance=distance, bounded=bounded, own=own
    )


def _key(clip: Clip | RewardkitError) -> Any:
    return clip.text_key if isinstance(clip, Clip) else id(clip)
