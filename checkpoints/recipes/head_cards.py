# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Model cards of the heads that ship: what no manifest knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rewardkit.card import write_card
from rewardkit.checkpoint import Manifest
from rewardkit.evaluate import Evaluation

_EMODB: Final = """\
- **EmoDB** (Burkhardt, Paeschke, Rolfes, Sendlmeier and Weiss 2005, "A database of German
  emotional speech", Interspeech): 266 clips of 8 actors, 10 sentences, 4 emotions; CC0. 20
  listeners each said whether a clip is natural and which emotion it has. Two clips of one
  sentence whose shares differ by at least 20 points make a pair: `prosody` is which one more
  listeners found natural, `emotion` whose emotion more of them named. These are the only human
  judgements in this checkpoint.
"""
_ORDERS: Final = """\
- **LibriSpeech** (Panayotov, Chen, Povey and Khudanpur 2015, "Librispeech: an ASR corpus based on
  public domain audio books", ICASSP): readers' utterances; CC BY 4.0. With EmoDB's clips and the
  synthesisers' they make known orders, which nobody judged. `prosody`: real speech over copies
  with a spoilt melody or timing, less over more spoilt, the undamaged side having passed the same
  vocoder; and human over Piper over statistical over diphone voices over espeak-ng, half of the
  synthetic clips with the noise of a human's room. `quality`: clean over mildly over severely
  spoilt by 36 kinds of artefacts; what is damaged already over the same damaged again, or
  resynthesised; and changes of melody and the synthesisers as in `prosody`. `emotion`: less over
  more damaged, lightly weighted. In all three, a clip and itself with silence at its ends are a
  tie.
"""
_RAVDESS: Final = """\
- **RAVDESS** (Livingstone and Russo 2018, "The Ryerson Audio-Visual Database of Emotional Speech
  and Song", PLOS ONE 13(5)): 18 actors; CC BY-NC-SA 4.0, so these weights are for non-commercial
  use. `emotion` is strong over normal intensity of the same actor, sentence and emotion, as the
  actor was told; nobody judged the pairs. Clips were equalised in loudness (BS.1770).
"""
ABOUT: Final = {
    "prosody": f"""\
No network inside: applies without torch and starts at once.

{_EMODB}{_ORDERS}
Recipe:

```console
$ python -m checkpoints.recipes.pairs --data $REWARDKIT_DATA --out PAIRS
$ python -m checkpoints.recipes.heads prosody --pairs PAIRS --out checkpoints/prosody
```
""",
    "default": f"""\
The `prosody` checkpoint's features, and the emotion encoder `emotion-emodb`. Each actor of EmoDB
was measured, in training and in judging, by an encoder that had not heard that actor.

{_EMODB}{_ORDERS}
Recipe:

```console
$ python -m checkpoints.recipes.pairs --data $REWARDKIT_DATA --out PAIRS
$ python -m checkpoints.recipes.emotion_encoder --corpus emodb --data $REWARDKIT_DATA \\
> --whisper WHISPER --out ENCODER --folds FOLDS
$ python -m checkpoints.recipes.heads default --pairs PAIRS --encoders FOLDS \\
> --out checkpoints/default
```
""",
    "expression-nc": f"""\
How strongly an emotion is expressed. **Non-commercial.** Reads the encoder `emotion-ravdess-nc`;
each actor was measured by an encoder that had not heard that actor. `emotion.strength` was learned
from the same kind of pairs as this head: in judging an actor, all clips were measured by axes that
had heard neither their own actor nor that one.

{_RAVDESS}
Recipe:

```console
$ python -m checkpoints.recipes.pairs --data $REWARDKIT_DATA --out PAIRS
$ python -m checkpoints.recipes.emotion_encoder --corpus ravdess --data $REWARDKIT_DATA \\
> --whisper WHISPER --out ENCODER --folds FOLDS
$ python -m checkpoints.recipes.heads expression-nc --pairs PAIRS --encoders FOLDS \\
> --out checkpoints/expression-nc
```
""",
}
"""What only the maker knows, by checkpoint."""

WORDS: Final = {
    "emodb": "EmoDB, the other clip's speaker may be known",
    "emodb (strict)": "EmoDB, neither speaker known",
    "damaged": "known order: real over prosody-damaged, speaker not known",
    "ladder": "known order: human over synthesisers, human not known",
    "melody": "known order: melody and timing by degrees, speaker not known",
    "artefacts": "known order: artefacts by degrees, speaker not known",
    "padded": "ties: silence at the ends",
    "stacked": "known order: damaged over twice damaged, speaker not known",
    "laundered": "known order: an artefact over the same, resynthesised; speaker not known",
    "unseen kinds": "a kind of damage and a speaker not trained on",
    "unseen kinds (scalar)": "the same, by the scalar",
    "unseen families": "a whole family of damage and a speaker not trained on",
    "unseen families (scalar)": "the same, by the scalar",
    "unseen engines": "human over an engine not trained on, human not known",
    "unseen engines (scalar)": "the same, by the scalar",
    "ravdess": "RAVDESS, strong over normal",
    "ravdess (other corpus)": "RAVDESS, strong over normal: a corpus not trained on",
    "emodb (other corpus)": "EmoDB, which emotion more listeners named: a corpus not trained on",
}

_CHOSEN: Final = """\
Which features a dimension uses, how much each file counts and whether lines bend were chosen after
seeing left-out results on these same pairs (docs/log.md lists what was tried), and the encoder's
settings on the same corpora: the figures are somewhat optimistic, and only other corpora can tell
by how much. The weight decay was chosen once, by leaving speakers out; normalisers are fitted
inside the folds."""
_OPTIMISED: Final = """\
It has not been tried on the voices, the languages and the dialogues that you have, and a policy
that is optimised against it will find what its features do not hear."""
_EIGHT: Final = f"""\
Acted or read speech of few people; intervals over eight actors are, if anything, too narrow. Among
EmoDB's clips naturalness is in large part which emotion is played. Known orders were judged with
people left out in eight groups. The syllable detector inside `timing` has heard all
eight actors, and how many syllables they said, never a rating.

{_OPTIMISED}

{_CHOSEN}"""
LIMITS: Final = {
    "prosody": _EIGHT,
    "default": _EIGHT,
    "expression-nc": f"""\
Acted speech of 18 people who said two sentences, and no listener's judgement: strong is what the
actor was told to be. {_OPTIMISED}

{_CHOSEN}""",
}
"""What each checkpoint can't do, and how far its figures can be trusted."""


def write(manifest: Manifest, results: Mapping[str, Evaluation]) -> str:
    """The card: the maker's words, what the manifest says, and every preference file's figures."""
    rows = ["| pairs | dimension | n | the model | best trivial rule |", "|---|---|--:|---|---|"]
    for name, evaluation in results.items():
        for result in evaluation.dimensions:
            if result.accuracy is None:
                continue
            best = max(result.rules, key=lambda rule: rule.accuracy.value)
            rows.append(
                f"| {WORDS[name]} | {result.dimension} | {result.pairs} | {result.accuracy} "
                f"| {best.choice}: {best.accuracy} |"
            )
    figures = "## By kind of pair\n\n" + "\n".join(rows)
    return (
        write_card(manifest, ABOUT[manifest.name])
        + f"\n{figures}\n{_unseen(results)}\n## Limits\n\n{LIMITS[manifest.name]}\n"
    )


def _unseen(results: Mapping[str, Evaluation]) -> str:
    """What was left out, one row each."""
    rows = []
    for facet in ("kinds", "families", "engines"):
        own, scalar = results.get(f"unseen {facet}"), results.get(f"unseen {facet} (scalar)")
        if own is None or scalar is None:
            continue
        for result in own.dimensions:
            overall = {s.label: s for s in scalar[result.dimension].slices if s.facet == facet}
            for part in sorted(result.slices, key=lambda part: part.label):
                if part.facet == facet:
                    rows.append(  # noqa: PERF401
                        f"| {facet} | {part.label} | {result.dimension} | {part.pairs} "
                        f"| {part.accuracy} | {overall[part.label].accuracy} |"
                    )
    if not rows:
        return ""
    head = "| left out | which | dimension | n | by the dimension | by the scalar |"
    return "\n".join(
        ["\n## What it was not trained on", "", head, "|---|---|---|--:|---|---|", *rows, ""]
    )
