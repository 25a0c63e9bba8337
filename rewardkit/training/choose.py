# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Patterns and names that a user writes, as the columns and numbers that training takes."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from rewardkit.errors import RewardkitError
from rewardkit.pairs import Floats


def choose_columns(
    names: Sequence[str], dimensions: Sequence[str], use: Mapping[str, Sequence[str]]
) -> dict[str, tuple[int, ...]]:
    """Which feature columns each dimension may use, as `TrainOptions.columns` wants them.

    Args:
        names: Of the features.
        dimensions: Of the preferences.
        use: As in `RunOptions`.

    Raises:
        RewardkitError: `bad_option` for a pattern that matches nothing, patterns that leave
            nothing, or a dimension that no preference is about.

    Example:
        >>> use = {"*": ["!pitch.hnr*"], "prosody": ["pitch.*", "!pitch.hnr*"]}
        >>> names = ["pitch.sd", "pitch.hnr", "timing.npvi"]
        >>> choose_columns(names, ["prosody", "quality"], use)
        {'prosody': (0,), 'quality': (0, 2)}
    """
    columns = {}
    for dimension in dimensions:
        patterns = use.get(dimension, use.get("*"))
        if patterns is None:
            continue
        every = set(range(len(names)))  # what a first pattern with `!` takes features out of
        found: set[int] = every if patterns and patterns[0].startswith("!") else set()
        for pattern in patterns:
            without, glob = pattern.startswith("!"), pattern.removeprefix("!")
            hits = {i for i, name in enumerate(names) if fnmatch.fnmatchcase(name, glob)}
            if not hits:
                raise RewardkitError("bad_option", f"no feature matches {pattern!r}")
            found = found - hits if without else found | hits
        if not found:
            raise RewardkitError(
                "bad_option", f"{', '.join(patterns)}: leaves {dimension} without any feature"
            )
        columns[dimension] = tuple(sorted(found))
    unknown = set(use) - set(dimensions) - {"*"}
    if unknown:
        raise RewardkitError("bad_option", f"no preference is about {', '.join(sorted(unknown))}")
    return columns


def choose_blocks(
    names: Sequence[str], reduce: Mapping[str, int]
) -> tuple[tuple[tuple[int, ...], int], ...]:
    """Which feature columns are reduced together, as `TrainOptions.reduce` wants them.

    Args:
        names: Of the features.
        reduce: As in `RunOptions`.

    Raises:
        RewardkitError: `bad_option` for a pattern that matches nothing.

    Example:
        >>> choose_blocks(["pitch.sd", "speech.embedding_0", "speech.embedding_1"], {"speech.*": 1})
        (((1, 2), 1),)
    """
    blocks = []
    for pattern, count in reduce.items():
        block = tuple(i for i, name in enumerate(names) if fnmatch.fnmatchcase(name, pattern))
        if not block:
            raise RewardkitError("bad_option", f"no feature matches {pattern!r}")
        blocks.append((block, count))
    return tuple(blocks)


def choose_groups(names: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """The feature columns of each scorer, as `TrainOptions.drop` wants them.

    Args:
        names: Full names of the features.

    Returns:
        Empty for a single scorer: there is nothing to leave out.

    Example:
        >>> choose_groups(["pitch.sd", "timing.npvi", "pitch.mean"])
        ((0, 2), (1,))
    """
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        groups.setdefault(name.partition(".")[0], []).append(column)
    return tuple(map(tuple, groups.values())) if len(groups) > 1 else ()


def choose_nuisances(
    wanted: Sequence[str], trivial: Mapping[str, ArrayLike], names: Sequence[str], values: Floats
) -> dict[str, tuple[float, ...]]:
    """What the reward must not go with, as `TrainOptions.decorrelate` wants it.

    Args:
        wanted: `duration`, `level`, or names of features.
        trivial: Durations and levels, one number per clip.
        names: Of the features.
        values: `(clips, features)`.

    Raises:
        RewardkitError: `bad_option` for a name that is neither.

    Example:
        >>> choose_nuisances(["duration"], {"duration": [1.0, 2.0]}, [], np.empty((2, 0)))
        {'duration': (1.0, 2.0)}
    """
    known = {**dict(zip(names, values.T, strict=True)), **trivial}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise RewardkitError(
            "bad_option",
            f"no feature {unknown[0]!r} to be uncorrelated with; also: {', '.join(trivial)}",
        )
    return {name: tuple(np.asarray(known[name], np.float64).tolist()) for name in wanted}
