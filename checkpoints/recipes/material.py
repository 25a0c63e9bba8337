# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Preferences with what was measured of their clips, and how much each file counts."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rewardkit import preferences, scorers
from rewardkit.cache import FeatureCache, default_path
from rewardkit.errors import RewardkitError
from rewardkit.extract import Extractor
from rewardkit.preferences import ClipInfo, Preference
from rewardkit.workers import measure_files

READERS: Final = 8
"""Groups into which LibriSpeech's readers are dealt."""

Scorers = tuple[tuple[str, dict[str, Any]], ...]
Shares = Mapping[str, Mapping[str, float]]
"""By dimension and file, the summed weight of the file's pairs over that of the first file's."""

Values = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Material:
    """Preferences with what was measured of their clips.

    Args:
        wanted: The preferences of all files.
        files: Which file each came from.
        values: Features by path.
        info: Durations and levels by path.
        extractor: As it will ship.
    """

    wanted: tuple[Preference, ...]
    files: tuple[str, ...]
    values: Values
    info: Mapping[str, ClipInfo]
    extractor: Extractor


def read(
    files: Sequence[str], pairs: Path
) -> tuple[list[Preference], list[str], dict[str, ClipInfo]]:
    """The preferences of some files, which file each came from, and what is known of the clips."""
    wanted: list[Preference] = []
    names: list[str] = []
    info: dict[str, ClipInfo] = {}
    for name in files:
        found = preferences.read(pairs / f"{name}.jsonl")
        info |= found.clips
        wanted += found.preferences
        names += [name] * len(found)
    return wanted, names, info


def gather(
    files: Sequence[str],
    using: Scorers,
    pairs: Path,
    encoders: Path | None,
    workers: int,
) -> Material:
    """Read the preference files and measure their clips.

    A preference with a clip that can't be measured is left out, and counted on the screen.

    Args:
        files: Their names, without ending.
        using: The scorers' names and parameters, in column order.
        pairs: The folder that holds the files.
        encoders: A folder of emotion encoders by the speaker that each has not heard.
        workers: Processes to measure with.
    """
    wanted, names, info = read(files, pairs)
    speaker = {path: who for p in wanted for path, who in zip((p.a, p.b), p.speakers, strict=True)}
    by_encoder: dict[str | None, list[str]] = defaultdict(list)
    for path, who in speaker.items():
        actor = _actor(who)
        heard = encoders is not None and actor is not None and (encoders / actor).is_dir()
        by_encoder[actor if heard else None].append(path)
    values: Values = {}
    failed: dict[str, RewardkitError] = {}
    for actor, paths in sorted(by_encoder.items(), key=lambda item: item[0] or ""):
        extractor = _extractor(
            using, None if actor is None or encoders is None else encoders / actor
        )
        found = measure_files(extractor, paths, workers=workers)
        for path, row, error in zip(paths, found.values, found.errors, strict=True):
            if error is None:
                values[path] = row
            else:
                failed[path] = error
    kept = [i for i, p in enumerate(wanted) if p.a in values and p.b in values]
    codes = sorted({error.code for error in failed.values()})
    print(
        f"{len(values)} clips measured, {len(failed)} refused ({', '.join(codes)}); "
        f"{len(kept)} of {len(wanted)} preferences kept"
    )
    return Material(
        tuple(wanted[i] for i in kept), tuple(names[i] for i in kept), values, info,
        _extractor(using, None),
    )  # fmt: skip


def _actor(speaker: str | None) -> str | None:
    """The encoder's fold of an actor: of `emodb-03` it is `03`; None for who is no actor."""
    corpus, _, number = (speaker or "").partition("-")
    return number if corpus in ("emodb", "ravdess") else None


def _extractor(using: Scorers, encoder: Path | None) -> Extractor:
    """The recipe's scorers; with another emotion encoder than the one that ships, if given."""
    made = []
    for name, values in using:
        own = {"source": str(encoder)} if name == "emotion" and encoder is not None else values
        made.append(scorers.load(name, **own))
    return Extractor(made, cache=FeatureCache(default_path()))


def weigh(material: Material, shares: Shares) -> Material:
    """The preferences that are trained on: each file's weights scaled to its share.

    In each dimension the first file's weights stay as they are. A file that has no pairs in a
    dimension for which a share is declared lends its own: what is damaged is better in none.
    """
    wanted: list[Preference] = []
    files: list[str] = []
    for dimension, share in shares.items():
        first: float | None = None
        for file, part in share.items():
            found = _of(material, file, dimension)
            total = sum(p.weight for p in found)
            scale = 1.0 if first is None else part * first / total
            first = total if first is None else first
            wanted += [dataclasses.replace(p, weight=p.weight * scale) for p in found]
            files += [file] * len(found)
    return dataclasses.replace(material, wanted=tuple(wanted), files=tuple(files))


def _of(material: Material, file: str, dimension: str) -> list[Preference]:
    """A file's preferences in a dimension, or those that it lends."""
    own = [p for p, name in zip(material.wanted, material.files, strict=True) if name == file]
    found = [p for p in own if p.dimension == dimension]
    if found:
        return found
    seen = {(p.a, p.b): p for p in own}  # a pair that stands there in two dimensions lends one
    return [dataclasses.replace(p, dimension=dimension) for p in seen.values()]


def group(speaker: str | None) -> str:
    """Actors and voices each by themselves, readers dealt into groups by their number."""
    assert speaker is not None  # noqa: S101  # the recipes' files name all speakers
    if speaker.startswith("librispeech-"):
        return f"readers-{int(speaker.split('-')[1]) % READERS}"
    return speaker
