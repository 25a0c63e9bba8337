# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Recipe`: the description of a composite reward: validated, said in words, known by its hash."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import pydantic

from rewardkit.batch_function import LARGEST
from rewardkit.composite.preference import Preference
from rewardkit.composite.terms import Strict
from rewardkit.composite.verifiable import Custom, Duration, ErrorRate, ExactAnswer, Format
from rewardkit.errors import RewardkitError

FLOOR: Final = "floor"
LIMIT: Final = "limit_"
"""Names under which floors and constraints stand in a sum, beside the terms."""

TOTAL: Final = "reward"
"""What loops and monitors call the sum."""

Term = Annotated[
    ErrorRate | ExactAnswer | Format | Duration | Custom | Preference,
    pydantic.Field(discriminator="kind"),
]
Name = Annotated[str, pydantic.Field(pattern="^[a-z][a-z0-9_]*$")]
Number = Annotated[float, pydantic.Field(gt=-LARGEST, lt=LARGEST)]
Positive = Annotated[float, pydantic.Field(ge=0, lt=LARGEST)]


class Ramp(Strict):
    """A number that changes over steps: straight lines between points, constant outside.

    Args:
        points: `[step, number]` in rising order of steps.

    Example:
        >>> ramp = Ramp(points=[(100, 0.0), (200, 1.0)])
        >>> ramp.at(0), ramp.at(150), ramp.at(999)
        (0.0, 0.5, 1.0)
    """

    points: tuple[tuple[int, Number], ...] = pydantic.Field(min_length=1)

    @pydantic.model_validator(mode="after")
    def _rising(self) -> Ramp:
        steps = [step for step, _ in self.points]
        if steps != sorted(set(steps)) or steps[0] < 0:
            raise ValueError("steps are not negative, and rise")
        return self

    def at(self, step: int) -> float:
        """The number at a step."""
        first, start = self.points[0]
        if step <= first:
            return start
        for (left, low), (right, high) in zip(self.points, self.points[1:], strict=False):
            if step <= right:
                return low + (high - low) * (step - left) / (right - left)
        return self.points[-1][1]

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers at the points: what it gives lies between the least and the greatest."""
        return tuple(number for _, number in self.points)

    def words(self) -> str:
        """The points."""
        if len(self.points) == 1:
            return f"{self.points[0][1]:g}"
        return "(" + ", ".join(f"{n:g} at step {s}" for s, n in self.points) + ")"


def _as_ramp(value: Any) -> Any:
    """A plain number is a ramp with one point, a list is its points.

    YAML as it is read here takes `1e-3` for a string, which stands for its number all the same.
    """
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        return {"points": [(0, value)]}
    return {"points": value} if isinstance(value, list | tuple) else value


Scheduled: TypeAlias = Annotated[Ramp, pydantic.BeforeValidator(_as_ramp)]
ONE: Final = Ramp(points=((0, 1.0),))


class Bound(Strict):
    """A bound on the plain value of a term: before weight and normalisation.

    Args:
        term: The term's name.
        at_least: The least value that holds; or
        at_most: the greatest.
    """

    term: Name
    at_least: Number | None = None
    at_most: Number | None = None

    @pydantic.model_validator(mode="after")
    def _one_side(self) -> Bound:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give one of at_least and at_most")
        return self

    def excess(self, value: float) -> float:
        """How far a value lies beyond the bound; not positive where the bound holds."""
        if self.at_least is not None:
            return self.at_least - value
        assert self.at_most is not None  # noqa: S101  # one of the two is given
        return value - self.at_most

    def holds(self, value: float) -> bool:
        """Whether a value keeps the bound."""
        return self.excess(value) <= 0

    def bound_words(self) -> str:
        """The bound."""
        if self.at_least is not None:
            return f"{self.term} is at least {self.at_least:g}"
        return f"{self.term} is at most {self.at_most:g}"


class Part(Strict):
    """How a term counts in the sum.

    Args:
        weight: A number, or `[step, number]` points of a schedule.
        normalise: Count standard scores instead, by the mean and deviation of all values so far.
        when: A gate: the term counts only where this bound holds.
        otherwise: What is added where the gate is closed. It must be given when an open gate may
            give less than 0: a closed one would then be worth more than a bad open one, and a
            policy would learn to close it.
    """

    weight: Scheduled = ONE
    normalise: bool = False
    when: Bound | None = None
    otherwise: Number | None = None


class Floor(Bound):
    """Where the bound does not hold, `value` stands in place of all terms; constraints go on.

    The value is shared equally among the terms of the sum and the floor's own entry, so that a
    loop which standardises each entry by itself finds such a sample low in all of them.

    Args:
        value: In the unit of the sum; each share of it should lie below what its term may give.
    """

    value: Number


class Constraint(Bound):
    """A Lagrangian constraint: a multiplier times the excess over the bound is taken away.

    The excess is signed, as in constrained policy optimisation (Tessler et al.
    2019, "Reward constrained policy optimization"): the bound is meant to hold on average.

    Args:
        multiplier: At the start; not negative.
        rate: Dual ascent: after each batch the multiplier grows by `rate` times the batch's mean
            excess, never below 0. With 0 it stays fixed.
        greatest: What the multiplier may not exceed.
    """

    multiplier: Positive = 1.0
    rate: Positive = 0.0
    greatest: float = pydantic.Field(100.0, gt=0, lt=LARGEST)

    @pydantic.model_validator(mode="after")
    def _within(self) -> Constraint:
        if self.multiplier > self.greatest:
            raise ValueError(
                f"a multiplier of {self.multiplier:g} exceeds its greatest, {self.greatest:g}"
            )
        return self


class Recipe(Strict):
    """What a composite reward is made of.

    Args:
        terms: What is measured, by name.
        sum: How terms count in the reward; a term that only bounds others need not be here.
        floors: The first whose bound does not hold decides.
        constraints: At most one for a term.
    """

    terms: dict[Name, Term] = pydantic.Field(min_length=1)
    sum: dict[Name, Part] = pydantic.Field(min_length=1)
    floors: tuple[Floor, ...] = ()
    constraints: tuple[Constraint, ...] = ()

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> Recipe:
        for name in self.terms:
            if name == FLOOR or name.startswith(LIMIT):
                raise ValueError(f"no term may be called {name!r}: the sum has such an entry")
            if name == TOTAL:
                raise ValueError(f"no term may be called {name!r}: the sum itself is")
        for name in (*self.sum, *(bound.term for bound in self.bounds())):
            if name not in self.terms:
                raise ValueError(f"no term named {name!r}; there are {', '.join(self.terms)}")
        limited = [constraint.term for constraint in self.constraints]
        if len(set(limited)) < len(limited):
            raise ValueError("a term has at most one constraint")
        for name, part in self.sum.items():
            self._check_gate(name, part)
        return self

    def _check_gate(self, name: str, part: Part) -> None:
        if part.when is None:
            if part.otherwise is not None:
                raise ValueError(f"{name}: otherwise needs a gate (when)")
            return
        low, high = self.terms[name].range
        if part.normalise:
            low, high = -math.inf, math.inf
        least = min(low * w if w > 0 else high * w if w else 0.0 for w in part.weight.numbers)
        if least < 0 and part.otherwise is None:
            raise ValueError(
                f"{name}: its gate gives 0 when closed and as little as {least:g} when open, so "
                "failing the gate could pay. Say what a closed gate gives (otherwise), or use a "
                "form that is never negative, such as form: probability"
            )

    def bounds(self) -> Iterator[Bound]:
        """All bounds, on whichever term."""
        yield from (part.when for part in self.sum.values() if part.when is not None)
        yield from self.floors
        yield from self.constraints

    @property
    def entries(self) -> tuple[str, ...]:
        """The names of what is added up."""
        floor = (FLOOR,) if self.floors else ()
        return (*self.sum, *floor, *(LIMIT + c.term for c in self.constraints))

    @property
    def preferences(self) -> dict[str, Preference]:
        """The terms that a reward model measures."""
        return {name: t for name, t in self.terms.items() if isinstance(t, Preference)}

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the recipe with all defaults filled in: equal recipes, equal digests."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def words(self) -> str:
        """The recipe in plain words, one line per entry."""
        lines = ["reward = " + " + ".join(self.entries)]
        for name, part in self.sum.items():
            line = f"  {name}: {part.weight.words()} x {name} [{self.terms[name].words()}]"
            if part.normalise:
                line += ", as standard scores over the run"
            if part.when is not None:
                line += f"; only when {part.when.bound_words()}, else {part.otherwise or 0:g}"
            lines.append(line)
        lines += [
            f"  floor: {floor.value:g} in place of the terms, unless {floor.bound_words()}"
            for floor in self.floors
        ]
        for c in self.constraints:
            kept = f"kept on average by a multiplier that starts at {c.multiplier:g}"
            kept += f" and learns at rate {c.rate:g}" if c.rate else " and stays"
            lines.append(f"  {LIMIT}{c.term}: {c.bound_words()}, {kept}")
        used = [name for name in self.terms if name not in self.sum]
        lines += [f"  ({name}: {self.terms[name].words()})" for name in used]
        return "\n".join(lines)


def read(path: str | Path) -> Recipe:
    """The recipe in a YAML or JSON file.

    Raises:
        RewardkitError: `bad_recipe`: the file, and every key that is wrong with it.
    """
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """YAML's own takes the last of several equal keys, and says nothing."""

        def compose_mapping_node(self, anchor: Any) -> Any:
            node = super().compose_mapping_node(anchor)
            seen: set[Any] = set()
            for key, _ in node.value:
                if (key.tag, str(key.value)) in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} stands there twice", key.start_mark
                    )
                seen.add((key.tag, str(key.value)))
            return node

    try:
        given = yaml.load(Path(path).read_text("utf-8"), Loader)  # noqa: S506  # a safe loader
        return Recipe.model_validate(given)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RewardkitError("bad_recipe", f"{path}: {error}") from error
    except pydantic.ValidationError as error:
        listed = "\n".join(
            f"  {'.'.join(map(str, e['loc'])) or 'recipe'}: {e['msg']}" for e in error.errors()
        )
        raise RewardkitError("bad_recipe", f"{path}:\n{listed}") from error
