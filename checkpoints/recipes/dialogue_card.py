# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The model card of `coherence`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from checkpoints.recipes.dialogue_figures import RULES, Figure
from rewardkit.checkpoint import Manifest
from rewardkit.dialogue import Comparer
from rewardkit.head import LinearHead

_CORPORA: Final = {
    "emodb": "EmoDB, actors held out",
    "librispeech": "LibriSpeech, readers held out",
    "ravdess": "RAVDESS, a corpus not trained on",
}

_TRUTH: Final = """\
Whether the turns of a dialogue belong together: one speaker, one voice, one emotional state, one
level and pace, answers in time. Loaded by `rewardkit.dialogue.DialogueModel` and
`rewardkit score --dialogue d.jsonl`.

## What truth it was trained on

**Made dialogues, no listener's judgement.** Two speakers who never met take turns, each in one
state: an actor in one acted emotion, or a reader in consecutive turns of one reading, cut at its
pauses. A broken copy of the dialogue is the worse one by construction:

- one turn by somebody else in the same state (same sex; other sex; or the partner's own voice);
- one turn by the same actor in another emotion, or all of an actor's turns in emotions drawn anew;
- one turn at another F0 (4 semitones), pace (1.35 times) or level (8 dB), or F0 that drifts by 1.5
  semitones a turn; both sides have passed the same resynthesis;
- 2.5 to 8 s of silence before a turn, or a turn that begins 1 s or more before the other's ends.

Offsets between turns are drawn (mean 0.2 s, standard deviation 0.4 s), not recorded. So it knows
what breaks a dialogue, and nothing of what makes a good one: that people who talk come to sound
alike is measured (`partner`, `convergence`, `synchrony`), reported with the features of each turn,
and has no weight. Train on your own pairs of dialogues to give it some
(`rewardkit.dialogue.fit`).

- **EmoDB** (Burkhardt et al. 2005): 266 clips of 8 actors, 4 emotions; CC0.
- **LibriSpeech** (Panayotov et al. 2015): turns cut from 351 utterances of 261 readers; CC BY 4.0.
  A reader's turns mostly come from one recording, so room and microphone betray a swap there; on
  EmoDB and RAVDESS, recorded in one room each, they do not.
- **RAVDESS** (Livingstone and Russo 2018) is CC BY-NC-SA 4.0: it judges, and nothing was trained on
  it.

Emotions are measured by `emotion-emodb`. Each actor of EmoDB was measured, in training and in
judging, by the encoder that had not heard that actor; so a swapped turn there is measured by
another encoder than those around it.

Recipe:

```console
$ python -m checkpoints.recipes.emotion_encoder --corpus emodb --data $REWARDKIT_DATA \\
> --whisper WHISPER --out ENCODER --folds FOLDS
$ python -m checkpoints.recipes.dialogues --data $REWARDKIT_DATA --turns TURNS \\
> --encoders FOLDS --out checkpoints/coherence
```
"""

_HOW: Final = """\
## How

Each turn is compared with its speaker's other turns, before and after (`own`: the number less
their median). A turn's reward is linear in the sizes of these differences, standardised and
bounded at 4 standard deviations; the dialogue's reward is the mean over its turns. No difference
can raise a reward: comparisons that the training would have rewarded got no weight. So the
contributions of turns sum to the reward, and the lowest one is the turn named.
"""

_LIMITS: Final = """\
## Limits

Acted and read speech in German and English by few people, of two speakers with 3 to 5 turns each.
Real conversations change in mood, and rightly so: a jump of emotion that the words explain looks
like one that they do not. With two turns of a speaker nobody can say which of them is the wrong
one; both get the blame. A jump of F0, pace or level alone, in the speaker's own voice, costs the
dialogue, but the turn is named less often than by that one number alone. Voices of one sex in one
room are told apart least well. Speech shorter than about a second holds too little of a voice. The
log-odds are those of breaks like these, which are coarse; no temperature was fitted, and no
dialogue is refused for being unlike the made ones. Turns that are copies of one clip lose nothing:
coherence is no reward to be optimised alone. Which comparisons there are, and from where on
gaps count, was chosen after seeing figures on these corpora, the unseen one among them; the weight
decay was chosen on training speakers only.
"""


def write(manifest: Manifest, found: Sequence[Figure], head: LinearHead, comparer: Comparer) -> str:
    """The card: truth, figures by kind of break, weights, limits."""
    return (
        f"# {manifest.name}\n\n{_TRUTH}\n{_HOW}\n## How good it is\n\n{_words(manifest)}\n\n"
        f"{_table(found)}\n\n## What counts\n\n{_weights(head, comparer)}\n\n{_LIMITS}\n"
        f"Licence of the weights: {manifest.license}.\n"
    )


def _words(manifest: Manifest) -> str:
    counts = ", ".join(f"{n} from {name}" for name, n in manifest.training["dialogues"].items())
    rules = ", ".join(f"`{rule}`" for rule in RULES)
    return (
        f"The weights are of {counts} pairs. In judging, no held-out speaker, neither the two who "
        "talk nor the intruder, was in training: four of EmoDB's actors at a time (two men, two "
        "women; six folds) and a sixth of the readers. *Loses* is the share of pairs in which the "
        "broken dialogue has the lower reward; *named* is the share in which the broken turn is "
        "the one with the lowest contribution, beside what naming at random would give. Intervals "
        "(95 %) by bootstrap over the speakers whose turns were broken; with eight actors they "
        "are, if anything, too narrow. The best trivial rule goes by one number alone "
        f"({rules}): the smaller difference wins, the largest is named."
    )


def _table(found: Sequence[Figure]) -> str:
    rows = [
        "| corpus | break | pairs | loses | best rule | named | best rule | at random |",
        "|---|---|--:|---|--:|---|--:|--:|",
    ]
    for figure in found:
        best = max(accuracy for accuracy, _ in figure.rules.values())
        names = [share for _, share in figure.rules.values() if share is not None]
        rows.append(
            f"| {_CORPORA[figure.corpus]} | {figure.kind} | {figure.pairs} | {figure.accuracy} "
            f"| {best:.2f} | {figure.named or '–'} | {f'{max(names):.2f}' if names else '–'} "
            f"| {'–' if figure.chance is None else f'{figure.chance:.2f}'} |"
        )
    return "\n".join(rows)


def _weights(head: LinearHead, comparer: Comparer) -> str:
    """The comparisons by weight, in log-odds of a turn per standard deviation of the difference."""
    columns = head.weights[0].reshape(-1, len(comparer.names)).sum(axis=0)
    order = [k for k in np.argsort(columns) if columns[k] < 0][:20]
    without = [name for name, w in zip(comparer.names, columns, strict=True) if not w]
    rows = ["| comparison | weight | about |", "|---|--:|---|"]
    rows += [
        f"| `{comparer.names[k]}` | {columns[k]:.2f} | {comparer.features[k].about} |"
        for k in order
    ]
    return (
        "Log-odds that a turn loses per standard deviation of the comparison; the twenty "
        "largest.\n\n" + "\n".join(rows) + f"\n\nMeasured without weight: "
        f"{', '.join(f'`{name}`' for name in without)}."
    )
