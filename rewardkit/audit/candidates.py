# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Candidates for best-of-n: versions of each clip, recorded by others or drawn by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from rewardkit import audio
from rewardkit.audit.best_of_n import BestOfN, best_of_n
from rewardkit.audit.chain import Chain, available
from rewardkit.audit.held_out import HeldOut
from rewardkit.clip import Clip
from rewardkit.errors import RewardkitError
from rewardkit.model import RewardModel

TURNED: Final = 3
"""A drawn candidate has one to this many knobs turned."""


def drawn(chain: Chain, clip: Clip, count: int, seed: int = 0) -> Iterator[Clip]:
    """Versions of a clip with one to three knobs, chosen by chance, turned by chance.

    Args:
        chain: What may be turned.
        clip: What is changed.
        count: How many versions.
        seed: With the clip's sound, what the draws depend on.
    """
    rng = np.random.default_rng([seed, int(clip.key[:8], 16)])
    knobs = len(chain.knobs)
    for _ in range(count):
        place = np.zeros(knobs)
        turned = rng.choice(knobs, size=min(int(rng.integers(1, TURNED + 1)), knobs), replace=False)
        place[turned] = rng.uniform(-1, 1, len(turned))
        yield chain(clip, chain.values(place))


def recorded(folder: Path) -> list[list[Path]]:
    """Candidates from a folder: each of its folders holds the versions of one clip, or prompt.

    Raises:
        RewardkitError: `no_clips` when there are no such folders, or one has fewer than two files.
    """
    found = [
        sorted(p for p in inner.iterdir() if p.is_file() and not p.name.startswith("."))
        for inner in sorted(folder.iterdir() if folder.is_dir() else [])
        if inner.is_dir()
    ]
    if not found or min(map(len, found)) < 2:
        raise RewardkitError(
            "no_clips", f"{folder}: want a folder for each clip, with two candidates or more in it"
        )
    return found


def versions(
    clips: Sequence[Clip], count: int, folder: Path | None = None, seed: int = 0
) -> Iterator[Iterable[audio.Source]]:
    """For each clip its candidates: those of a folder, or else draws from all that is installed.

    Args:
        clips: What is changed, where nothing is recorded.
        count: How many candidates of each; 0 for all that are recorded.
        folder: See `recorded`.
        seed: Of the draws.
    """
    if folder is not None:
        for files in recorded(folder):
            yield files[: count or None]
        return
    chain = available()
    for clip in clips:
        yield drawn(chain, clip, count, seed)


def curve(
    model: RewardModel,
    judge: HeldOut,
    candidates: Iterable[Iterable[audio.Source]],
    *,
    seed: int = 0,
    progress: Callable[[str], object] = str,
) -> BestOfN:
    """Score all candidates by the reward and by the judge, one clip's at a time.

    Args:
        model: What is audited.
        judge: The held-out judge.
        candidates: For each clip its versions.
        seed: Of the bootstrap.
        progress: Told what is being done.

    Raises:
        RewardkitError: As `best_of_n`; `AudioError` for a file that is no clip.
    """
    proxies, opinions = [], []
    for number, versions in enumerate(candidates, 1):
        progress(f"candidates of clip {number}")
        clips = [audio.read(version) for version in versions]
        proxies.append([reward.scalar for reward in model.score_batch(clips)])
        opinions.append(judge.score(clips))
    return best_of_n(proxies, opinions, name=judge.name, shared=judge.shares(model), seed=seed)
