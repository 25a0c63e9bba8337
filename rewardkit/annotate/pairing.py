# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pairs a study is about: all of some clips, or those that a file lists."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rewardkit.errors import PreferenceError
from rewardkit.preferences.columns import CHOSEN, PAIR, VOTES
from rewardkit.preferences.issues import Issues
from rewardkit.preferences.parse import Parser
from rewardkit.preferences.read import FORMATS, LISTED, check_file
from rewardkit.preferences.record import Preference

ENDINGS: Final = frozenset(FORMATS)
"""Of files that may list pairs."""

_ANSWER: Final = frozenset({"preference", "win", "tie", "margin", "strength", "weight", "rater",
                            "dimension", *VOTES})  # fmt: skip


def among(clips: Sequence[str], most: int, seed: int = 0) -> list[Preference]:
    """All pairs of clips; when there are too many, some at random, each clip in about as many.

    Args:
        clips: Paths.
        most: How many pairs at most; at least half as many as there are clips, if each is to be
            in one.
        seed: Of the choice.

    Returns:
        Pairs as ties, their answers to be ignored.

    Example:
        >>> [(pair.a, pair.b) for pair in among(["x", "y", "z"], 10)]
        [('x', 'y'), ('x', 'z'), ('y', 'z')]
        >>> len(among([str(number) for number in range(1000)], 2000))
        2000
    """
    distinct = list(dict.fromkeys(clips))
    count = len(distinct)
    if count * (count - 1) // 2 <= most:
        chosen = [(i, j) for i in range(count) for j in range(i + 1, count)]
    else:
        # Circles through all clips in random order: every clip gets two partners a round.
        draw = random.Random(seed)  # noqa: S311  # not for secrets
        found: dict[tuple[int, int], None] = {}
        order = list(range(count))
        while len(found) < most:
            draw.shuffle(order)
            for i, j in zip(order, order[1:] + order[:1], strict=True):
                if len(found) < most:
                    found[min(i, j), max(i, j)] = None
        chosen = list(found)
    return [Preference(distinct[i], distinct[j], 0.5, tie=1.0) for i, j in chosen]


def lists_pairs(path: Path) -> bool:
    """Whether a file lists pairs, rather than being a clip or a list of clips.

    Raises:
        PreferenceError: When its rows can't be read at all.
    """
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        return False
    for _, cells in FORMATS[path.suffix.lower()](path, Issues(str(path))):
        if cells is not None:
            return any(name in cells for name in (*CHOSEN, *PAIR))
    return False


def read_pairs(path: Path) -> list[Preference]:
    """The pairs of a file whose rows name two clips as a preference file does, answers left out.

    Args:
        path: `.jsonl`, `.csv` or `.parquet` with `audio_a` and `audio_b` (or `chosen` and
            `rejected`), and if known `text`, `language`, `speaker`, `system_a`, `system_b`.

    Raises:
        PreferenceError: `invalid`, listing what is wrong.
    """

    def asked(cells: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in cells.items() if name not in _ANSWER}
        return kept if CHOSEN[0] in kept else {**kept, "preference": "tie"}

    return _read(path, asked)


def read_golden(path: Path) -> list[Preference]:
    """The pairs of a preference file, with answers that are certain: a, b or tie.

    Raises:
        PreferenceError: `invalid` when a row is wrong, or its answer is a share.
    """
    golden = _read(path, lambda cells: cells)
    for pair in golden:
        if pair.win not in (0.0, 1.0) and pair.tie != 1.0:
            raise PreferenceError(
                "invalid", f"{path}:{pair.line}: a golden pair is certain: a, b or tie"
            )
    return golden


def _read(path: Path, prepare: Any) -> list[Preference]:
    file = check_file(path, FORMATS)
    suffix = file.suffix.lower()
    issues = Issues(str(path))
    parse = Parser(
        str(file.parent.absolute()), as_text=suffix == ".csv", check_names=suffix != ".parquet"
    )
    pairs = []
    for line, cells in FORMATS[suffix](file, issues):
        if cells is None:
            continue
        pair, problems = parse(prepare(cells), line)
        for code, message in problems:
            issues.add(line, code, message)
        if pair is not None:
            pairs.append(pair)
    if len(issues):
        raise PreferenceError("invalid", f"{len(issues)} errors\n{issues.text(LISTED)}")
    return pairs
