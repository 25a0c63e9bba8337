# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Scorer`: what turns a clip into named numbers, and how installed ones are found.

A scorer is any object that looks like the protocol below. A package offers one by an entry
point in the group `rewardkit.scorers`; ours are found exactly as a stranger's are.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.features import Feature

GROUP: Final = "rewardkit.scorers"
"""The entry-point group in which scorers are offered."""

NO_MODEL: Final = "no_model"
"""The code with which a scorer says that it can't be made without being told a model."""

MISSING_EXTRA: Final = "missing_extra"
"""The code with which a scorer says that it needs a package that is not installed."""


@runtime_checkable
class Scorer(Protocol):
    """Turns one clip into one number per declared feature.

    Attributes:
        name: The scorer's name, that of its entry point if it has one: lower case, digits and
            underscores. Full feature names are `name.feature`.
        version: Raise it whenever the numbers may change.
        sample_rate: The rate in Hz at which clips are wanted, or None for any. The host resamples.
        features: What the scorer measures, in order.

    A scorer may also have `digest`, a string that stands for its weights, `score_batch` (see
    `BatchScorer`), and `uses_text = True` when its numbers depend on `Clip.text` as well. A scorer
    with parameters is a frozen dataclass: its fields are its parameters, JSON values all, and
    with name, version and digest they form its identity.
    """

    name: str
    version: int
    sample_rate: int | None
    features: tuple[Feature, ...]

    def __call__(self, clip: Clip) -> Mapping[str, float]:
        """Measure one clip: one number per feature, NaN where it can't be measured."""
        ...


@runtime_checkable
class BatchScorer(Scorer, Protocol):
    """A scorer that is faster on many clips at a time, with the same numbers."""

    def score_batch(self, clips: Sequence[Clip]) -> NDArray[np.float64]:
        """Measure clips of any lengths: float64 of shape `(clips, features)`, in order."""
        ...


def parameters(scorer: Scorer) -> dict[str, Any]:
    """The scorer's parameters by name: its dataclass fields, or none."""
    return {item.name: getattr(scorer, item.name) for item in _fields(scorer) if item.init}


def describe(scorer: Scorer) -> dict[str, Any]:
    """What decides a scorer's numbers: name, version, parameters and weight digest, as JSON.

    A parameter that says only where something lies (a dataclass field with
    `metadata={"location": True}`) is left out: the digest stands for what was found there.
    """
    values = parameters(scorer)
    for item in _fields(scorer):
        if item.metadata.get("location"):
            values.pop(item.name, None)
    return {
        "name": scorer.name,
        "version": scorer.version,
        "parameters": values,
        "digest": getattr(scorer, "digest", ""),
    }


def _fields(scorer: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(scorer) if dataclasses.is_dataclass(scorer) else ()


def identity(scorer: Scorer) -> str:
    """SHA-256 (hex) of `describe(scorer)`: equal identities give equal numbers."""
    text = json.dumps(describe(scorer), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def installed() -> dict[str, EntryPoint]:
    """The entry points of all installed scorers by name, none of them imported yet.

    Raises:
        RewardkitError: `duplicate_scorer` when two packages offer the same name.
    """
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        other = found.get(point.name)
        if other is not None and other.value != point.value:
            raise RewardkitError(
                "duplicate_scorer",
                f"two packages offer a scorer named {point.name!r}: {other.value} and "
                f"{point.value}; uninstall one of them",
            )
        found[point.name] = point
    return found


def load(name: str, **parameters: Any) -> Scorer:
    """Make the installed scorer of that name.

    Args:
        name: As offered in the entry-point group.
        **parameters: Given to the scorer's class.

    Raises:
        RewardkitError: `unknown_scorer` when none has the name, `bad_scorer` when it can't be
            made, is not a scorer or has another name.

    Example:
        >>> load("ptich")
        Traceback (most recent call last):
        ...
        rewardkit.errors.RewardkitError: unknown_scorer: no scorer named 'ptich'; ...
    """
    available = installed()
    if name not in available:
        near = difflib.get_close_matches(name, available, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise RewardkitError(
            "unknown_scorer",
            f"no scorer named {name!r}; installed: {', '.join(available) or 'none'}{hint}",
        )
    try:
        scorer: Scorer = available[name].load()(**parameters)
        fault = _fault(scorer, name)
    except RewardkitError:
        raise
    except (Exception, SystemExit) as error:
        raise RewardkitError(
            "bad_scorer",
            f"scorer {name!r} ({available[name].value}) could not be made: "
            f"{type(error).__name__}: {error}",
        ) from error
    if fault:
        raise RewardkitError("bad_scorer", f"{available[name].value} {fault}")
    return scorer


def _fault(scorer: Any, name: str) -> str:
    """What keeps the host from using a scorer, in words; empty when nothing does."""
    if not isinstance(scorer, Scorer):
        return (
            "is not a scorer: it needs name, version, sample_rate, features and a call with a clip"
        )
    if scorer.name != name:
        return f"is offered as {name!r}, but its name is {scorer.name!r}"
    if type(scorer.version) is not int:
        return f"has version {scorer.version!r}: a whole number"
    rate, features = scorer.sample_rate, scorer.features
    if rate is not None and not (type(rate) is int and rate > 0):
        return f"has sample_rate {rate!r}: a whole number of Hz, or None"
    if not (isinstance(features, tuple) and all(isinstance(f, Feature) for f in features)):
        return f"has features {features!r}: a tuple of `Feature`"
    return ""
