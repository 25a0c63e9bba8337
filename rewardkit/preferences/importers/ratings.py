# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Tables of ratings of single clips by named raters, as pairs of each rater's clips.

| format | table | clip | rating | rater | system |
|---|---|---|---|---|---|
| `bvcc` | `TRAINSET`, `DEVSET`, `TESTSET`, no header | 2nd cell | 3rd | 5th | 1st |
| `somos` | `TRAINSET` …, or `raw_scores*.tsv`; a header | `utteranceId` | `choice` | `listenerId` | `systemId` |
| `ratings` | any `.csv`, `.tsv` with a header | as `columns` says | … | … | … |

A row of BVCC: `sys64e2f,sys64e2f-utt9c183cd.wav,4,VDP1ovyrBzg8_1,{}_30-39_bZPQE7w4Zl3g_…`. One of
SOMOS: `015,novel_2007_0098_015.wav,4,KEXM49572020611127`, with the name of the sentence before
the last underscore (`sentenceId` in the raw table).

Sources: Cooper and Yamagishi (2021), "How do voices from past speech synthesis challenges compare
today?", SSW 11 (BVCC); Maniati et al. (2022), "SOMOS", Interspeech, and its readme
(https://zenodo.org/records/7378801); the readers of both in https://github.com/unilight/sheet.
"""  # noqa: E501 - a table

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from rewardkit.errors import PreferenceError
from rewardkit.preferences.columns import nearest
from rewardkit.preferences.importers.source import Source
from rewardkit.preferences.issues import shown
from rewardkit.preferences.pairs import from_raters
from rewardkit.preferences.ratings import ROLES, Rating, read_ratings
from rewardkit.preferences.record import Preference

_BVCC: Final = ("system", "clip", "rating", "set", "rater")
_SOMOS: Final = {
    "clip": "utteranceId", "rating": "choice", "rater": "listenerId", "system": "systemId"
}  # fmt: skip

_URL: Final = re.compile(r"([a-z][a-z0-9+.-]*):/+", re.IGNORECASE)


def bvcc(source: Source) -> Iterator[Preference]:
    """Blizzard and Voice Conversion Challenges, rated anew: naturalness, 1 … 5."""
    return _pairs(source, "naturalness", {}, (1, 5), header=_BVCC)


def somos(source: Source) -> Iterator[Preference]:
    """SOMOS: naturalness, 1 … 5."""
    return _pairs(source, "naturalness", _SOMOS, (1, 5), sentences=True)


def table(source: Source) -> Iterator[Preference]:
    """Any table; what its columns are called is up to the caller.

    Raises:
        PreferenceError: `unknown_column` for a role that is none.
    """
    for role in source.options.columns:
        if role not in ROLES:
            message = f"no role {role!r}; roles: {', '.join(ROLES)}{nearest(role, ROLES)}"
            raise PreferenceError("unknown_column", message)
    return _pairs(source, "overall", source.options.columns, None)


def _pairs(
    source: Source,
    dimension: str,
    columns: Mapping[str, str],
    scale: tuple[float, float] | None,
    *,
    header: Sequence[str] | None = None,
    sentences: bool = False,
) -> Iterator[Preference]:
    ratings = read_ratings(
        source.path, columns, scale=scale, folder=source.folder, header=header,
        issues=source.issues,
    )  # fmt: skip
    named: list[Rating] = []
    for rating in ratings:
        clip = _clip(source, rating.clip)
        if clip is None:
            continue
        rating = dataclasses.replace(rating, clip=clip)
        if rating.rater is None:
            source.bad(None, "missing_column", f"no rater of {shown(rating.clip)}")
        elif sentences:
            sentence = Path(rating.clip).stem.rpartition("_")[0] or None
            named.append(dataclasses.replace(rating, text=sentence))
        else:
            named.append(rating)
    return from_raters(
        named, dimension=source.dimension(dimension), circles=source.options.circles,
        seed=source.options.seed,
    )  # fmt: skip


def _clip(source: Source, path: str) -> str | None:
    """The path of a clip; a URL was taken for a path below the folder, and lost a slash."""
    rest = path.removeprefix(f"{source.folder}/")
    found = _URL.match(rest)
    return source.clip(f"{found[1]}://{rest[found.end() :]}", None, "clip") if found else path
