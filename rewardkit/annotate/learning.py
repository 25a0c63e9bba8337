# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A study whose pairs are chosen by what they teach: clips are measured while raters begin."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rewardkit import scorers as installed
from rewardkit.annotate.chooser import Choice, StudyState
from rewardkit.annotate.listening import Listening
from rewardkit.annotate.study import Study
from rewardkit.cache import FeatureCache, default_path
from rewardkit.errors import RewardkitError
from rewardkit.extract import Extractor
from rewardkit.features import Features
from rewardkit.workers import measure_files

if TYPE_CHECKING:
    from rewardkit.active import ActiveChooser

Named = tuple[str, Mapping[str, Any]]
"""A scorer's name and parameters."""


@dataclass(eq=False)
class Announced:
    """An `ActiveChooser` that tells the organiser once when its stop rule ends the study.

    Args:
        chooser: Who chooses.
        say: Told why, at the first pair that is not given for that reason.
    """

    chooser: ActiveChooser
    say: Callable[[str], None]
    is_over: bool = False

    def choose(self, state: StudyState, draw: random.Random) -> Choice | None:
        """The next pair, or None when the stop rule says so."""
        choice = self.chooser.choose(state, draw)
        verdict = self.chooser.verdict(state)
        if choice is None and verdict is not None and not self.is_over:
            self.is_over = True
            self.say(f"no more pairs are given: {verdict.reason}")
        return choice


def active(
    study: Study,
    scorers: Sequence[Named],
    say: Callable[[str], None],
    *,
    cache: bool = True,
    stop_at: float | None = None,
) -> Listening:
    """A listening test that asks for the pairs that teach a head most, and for random ones.

    Measuring takes a while, in processes of its own. Until it is done, and if it can't be done,
    pairs are drawn at random.

    Args:
        study: The study.
        scorers: What to measure clips with.
        say: Told when the clips have been measured, or why they could not be.
        cache: Keep features in the cache.
        stop_at: Give no more pairs once the head's agreement with raters, on random pairs, is
            known to plus or minus this; None for no such end. See `rewardkit.active.Accuracy`.

    Raises:
        RewardkitError: When there is no such scorer, and `bad_option`.
    """
    from rewardkit.active import Accuracy, ActiveChooser, ActiveOptions
    from rewardkit.active.chooser import space_of

    chosen = [installed.load(name, **given) for name, given in scorers]
    rule = None if stop_at is None else Accuracy(width=2 * stop_at)
    listening = Listening(study, Announced(ActiveChooser(stop=rule), say))

    def run() -> None:
        try:
            features = _measured(study, chosen, cache)
        except RewardkitError as error:
            say(f"pairs stay random, since the clips could not be measured: {error}")
            return
        good = sum(error is None for error in features.errors)
        if good < 2:
            say(f"pairs stay random, since {good} of {len(features)} clips could be measured")
            return
        try:
            space_of(features, ActiveOptions().axes)
        except RewardkitError as error:
            say(f"pairs stay random: {error}")
            return
        listening.features = features
        say(f"{good} of {len(features)} clips are measured: pairs are chosen by what they teach")

    threading.Thread(target=run, name="rewardkit-measure", daemon=True).start()
    return listening


def _measured(study: Study, chosen: Sequence[Any], cache: bool) -> Features:
    paths = [row["path"] for row in study.db.read("SELECT path FROM clip ORDER BY id")]
    kept = FeatureCache(default_path()) if cache else None
    return measure_files(Extractor(chosen, cache=kept), paths, workers=1)
