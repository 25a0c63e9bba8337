# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""SpeechJudge-Data and records of its shape: two renderings of a text, several raters each.

| field | here |
|---|---|
| `audioA`, `audioB` | the pair: paths, or objects with a `path` |
| `rater` | who judged; the lists below are in its order |
| `naturalness_annotation` | `A+1`, `A+2`, `B+1`, `B+2`, `Tie (…)`: the answer and its strength |
| `audioA_text_accuracy`, `audioB_text_accuracy` | 1 without errors, 0 with: `intelligibility` |
| `target_text`, `language_setting` | text, language spoken: `en2zh` is Chinese |
| `naturalness_label` | `A`, `B`, `Tie` by majority; used where there are no raters |

Source: the dataset's README, https://github.com/AmphionTeam/SpeechJudge/blob/main/dataset/README.md
(Zhang et al. 2025, arXiv:2511.07931).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from rewardkit.preferences.importers.source import Source, name_of, text_of
from rewardkit.preferences.issues import shown
from rewardkit.preferences.record import Preference

_GRADE: Final = re.compile(r"([AB])\+([1-9])")
_LABELS: Final = {"A": 1.0, "B": 0.0, "Tie": 0.5}


def read(source: Source) -> Iterator[Preference]:
    """A preference for each rater: naturalness, and intelligibility where it was judged."""
    for line, row in source.rows():
        a, b = (source.clip(row.get(name), line, name) for name in ("audioA", "audioB"))
        if a is None or b is None:
            continue
        language = str(row.get("language_setting") or "").partition("2")[2] or None
        about = {"text": text_of(row.get("target_text")), "language": language}
        grades = row.get("naturalness_annotation")
        label = row.get("naturalness_label")
        raters: Any = row.get("rater")
        correct = [row.get(f"audio{side}_text_accuracy") for side in "AB"]
        if grades:
            if not _lists(grades, raters):
                source.bad(line, "wrong_type", "rater and naturalness_annotation differ in length")
                continue
            for rater, grade in zip(raters, grades, strict=True):
                yield from _natural(source, line, (a, b), rater, grade, about)
        elif isinstance(label, str) and label in _LABELS:
            dimension = source.dimension("naturalness")
            yield from source.make(line, a, b, _LABELS[label], dimension=dimension, **about)
        elif label or not any(correct):
            source.bad(line, "out_of_range", f"naturalness_label is {shown(label)}")
        if any(correct):
            yield from _intelligible(source, line, (a, b), raters, correct, about)


def _lists(*values: Any) -> bool:
    """Whether all are lists of one length."""
    return all(isinstance(value, list) for value in values) and len(set(map(len, values))) == 1


def _natural(
    source: Source, line: int, pair: tuple[str, str], rater: Any, grade: Any, about: dict[str, Any]
) -> Iterator[Preference]:
    found = _GRADE.fullmatch(grade) if isinstance(grade, str) else None
    others = {"dimension": source.dimension("naturalness"), "rater": name_of(rater), **about}
    if found:
        win, strength = float(found[1] == "A"), float(found[2])
        yield from source.make(line, *pair, win, strength=strength, **others)
    elif isinstance(grade, str) and grade.startswith("Tie"):
        yield from source.make(line, *pair, 0.5, **others)
    else:
        source.bad(line, "out_of_range", f"naturalness_annotation holds {shown(grade)}")


def _intelligible(
    source: Source, line: int, pair: tuple[str, str], raters: list[Any] | None,
    correct: list[Any], about: dict[str, Any],
) -> Iterator[Preference]:  # fmt: skip
    if raters is None and isinstance(correct[0], list):
        raters = [None] * len(correct[0])
    if not _lists(raters, *correct):
        source.bad(line, "wrong_type", "rater and text_accuracy differ in length")
        return
    for rater, a, b in zip(raters or (), *correct, strict=True):
        if a not in (0, 1) or b not in (0, 1):
            source.bad(line, "out_of_range", f"text_accuracy holds {shown((a, b))}; 0 or 1")
            continue
        win = 0.5 + (a - b) / 2
        yield from source.make(
            line, *pair, win, dimension="intelligibility", rater=name_of(rater), **about
        )
