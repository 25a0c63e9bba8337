# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`votes_per_worker` of the P.808 toolkit: one row for each rating of a crowdsourced test.

Columns: `HITId, workerid, assignment_id, assignmentstatus, file, short_file_name, vote,
question_type`, then what the file names tell of the condition. `question_type` is

- `CMOS` (CCR): the vote, -3 … 3, says how much better the rated clip is than its reference. The
  page has turned the sign already where it played the reference second. Which clip was the
  reference stands only in the `rating_clips` file of the test (`rating_clips, references`).
- `MOS`, `DMOS`, or `MOS_` and a scale of P.835 or P.804 (`MOS_SIG`): 1 … 5, rated alone. Each
  worker's ratings are compared with each other.

Sources: ITU-T P.808 (2021); `src/result_parser.py` (`transform`), `docs/prep_dcr_ccr.md` and
`src/P808Template/CCR_template.html` of https://github.com/microsoft/P.808.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from rewardkit.preferences.importers.source import ImportOptions, Source, name_of
from rewardkit.preferences.issues import shown
from rewardkit.preferences.pairs import from_raters
from rewardkit.preferences.ratings import Rating
from rewardkit.preferences.record import Preference

_COLUMNS: Final = frozenset(
    "HITId workerid assignment_id assignmentstatus file short_file_name vote question_type Unknown"
    .split()
)  # fmt: skip
_COMPARED: Final = "CMOS"
_SCALES: Final = {_COMPARED: (-3.0, 3.0)}
_QUALITY: Final = frozenset({"MOS", "CMOS", "DMOS", "MOS_OVRL"})


def read(source: Source) -> Iterator[Preference]:
    """Comparisons as they are; ratings as pairs of each worker's clips."""
    references = _references(source) if source.options.references is not None else None
    rated: defaultdict[str, list[Rating]] = defaultdict(list)
    for line, row in source.rows():
        kind = row.get("question_type") or "MOS"
        vote = _vote(source, line, row, _SCALES.get(kind, (1.0, 5.0)))
        clip = source.clip(row.get("file"), line, "file")
        worker = name_of(row.get("workerid"))
        if worker is None:
            source.bad(line, "missing_column", "no workerid")
        if vote is None or clip is None or worker is None:
            continue
        if kind != _COMPARED:
            told = [text for name, text in row.items() if name not in _COLUMNS and text]
            system = "_".join(map(str, told)) or None
            rated[kind].append(Rating(clip, vote, worker, system=system))
        elif references is None:
            message = "a CCR test needs `references`: the rating_clips file it was set up with"
            source.bad(line, "missing_column", message)
        elif clip not in references:
            source.bad(line, "missing_clip", f"no reference is known for {shown(row['file'])}")
        else:
            yield from source.make(
                line, clip, references[clip], 0.5 + (vote > 0) / 2 - (vote < 0) / 2, rater=worker,
                dimension=_dimension(source, kind), strength=abs(vote) or None, side_known=False,
            )  # fmt: skip
    for kind, ratings in rated.items():
        yield from from_raters(
            ratings, dimension=_dimension(source, kind), circles=source.options.circles,
            seed=source.options.seed,
        )  # fmt: skip


def _dimension(source: Source, kind: str) -> str:
    if kind in _QUALITY:
        return source.dimension("quality")
    return kind.partition("_")[2].lower() or kind.lower()


def _vote(
    source: Source, line: int, row: Mapping[str, Any], scale: tuple[float, float]
) -> float | None:
    cell = row.get("vote")
    if cell is None or cell == "":
        source.bad(line, "missing_column", "no vote")
        return None
    try:
        vote = float(cell)
    except (TypeError, ValueError, OverflowError):
        source.bad(line, "wrong_type", f"vote is {shown(cell)}; it must be a number")
        return None
    if not scale[0] <= vote <= scale[1]:
        source.bad(line, "out_of_range", f"vote is {vote:g}; {scale[0]:g} … {scale[1]:g}")
        return None
    return vote


def _references(source: Source) -> dict[str, str]:
    """The reference of each rated clip; what is wrong with that file is wrong with the import."""
    path = Path(str(source.options.references))
    listed = Source(path, ImportOptions(clips=source.folder))
    listed.urls = source.urls  # one folder, one clip by each name
    found: dict[str, str] = {}
    for line, row in listed.rows():
        clip, reference = (
            listed.clip(row.get(name), line, name) for name in ("rating_clips", "references")
        )
        if clip is None or reference is None:
            continue
        if found.setdefault(clip, reference) != reference:
            listed.bad(line, "conflicting_columns", f"{shown(clip)} has two references")
    for issue in listed.issues:
        source.bad(None, issue.code, f"{path}:{issue.line}: {issue.message}")
    return found
