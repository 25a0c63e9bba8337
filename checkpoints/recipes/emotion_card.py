# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model card of an emotion encoder, from its results."""

from __future__ import annotations

from typing import Any, Final

from checkpoints.recipes.emotion_data import CLASSES
from checkpoints.recipes.emotion_folder import AXES
from checkpoints.recipes.emotion_model import DIMENSIONS, GRID

NAMES: Final = {"emodb": "emotion-emodb", "ravdess": "emotion-ravdess-nc"}
TITLES: Final = {"emodb": "EmoDB", "ravdess": "RAVDESS"}
LICENSES: Final = {"emodb": "CC-BY-4.0", "ravdess": "CC-BY-NC-SA-4.0"}
CHANCE: Final = {"emodb": ".25", "ravdess": ".125"}

DATA: Final = {
    "emodb": (
        "266 clips of the **Berlin Database of Emotional Speech** (EmoDB; CC0): 8 of its actors, "
        "10 German sentences, 4 of its emotions. Burkhardt, F., Paeschke, A., Rolfes, M., "
        'Sendlmeier, W. and Weiss, B. (2005), "A database of German emotional speech", '
        "Interspeech, 1517-1520."
    ),
    "ravdess": (
        "1,079 clips (1,080 less one exact duplicate) of actors 01-18 of the **Ryerson "
        "Audio-Visual Database of Emotional Speech and Song** (RAVDESS; CC BY-NC-SA 4.0): "
        "English, 2 sentences, 8 emotions, 2 intensities. Livingstone, S. R. and Russo, F. A. "
        '(2018), "The Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS)", '
        "PLOS ONE 13(5), e0196391."
    ),
}

SPEECH: Final = {
    "emodb": "8 German actors, 10 sentences",
    "ravdess": "18 North American actors, 2 sentences",
}

NON_COMMERCIAL: Final = """
**Non-commercial.** The emotion recordings are CC BY-NC-SA 4.0; the weights trained on them are
given under the same licence.
"""

AXIS: Final = """
Between those two parts stands a dimension of another kind, number {number}: `strength`, log-odds
that the same words were acted strongly, by a Bradley-Terry model on the differences between the
strong and the normal take (same actor, emotion, sentence and repetition), its penalty chosen like
the other.
"""

STRENGTH: Final = """
`strength` lies higher in the strong than in the normal take of {pairs} pairs, actor left out:
**{accuracy:.3f}** [{low:.3f}, {high:.3f}]. The axis cannot know the level.
"""

CARD: Final = """\
---
license: {license_tag}
library_name: speechbrain
tags: [speech, emotion, whisper]
---
<!-- SPDX-FileCopyrightText: 2026 rewardkit contributors -->
<!-- {tag}: {license} -->
# {name}

A speech-emotion encoder for rewardkit: the first two layers of the encoder of OpenAI's
whisper-base, a {dimensions}-number embedding and a linear classifier over {count} emotions
({classes}). 15 MB.
{notice}
## What was taken, and what was trained

`trunk.safetensors` is **taken** from whisper-base, unchanged: its two convolutions and the first
two of its six Transformer layers, in float16 as OpenAI published them, and its mel filters. MIT
licence, Copyright (c) 2022 OpenAI. Radford, A., Kim, J. W., Xu, T., Brockman, G., McLeavey, C. and
Sutskever, I. (2023), "Robust Speech Recognition via Large-Scale Weak Supervision", ICML.
Whisper was trained to transcribe 680,000 hours of speech from the web, which is not public.

`embedding_model.safetensors` and `classifier.safetensors` were **trained here** on {data}

They are a multinomial logistic regression on mean and standard deviation over time of the second
layer's output (1,024 numbers, standardised), classes balanced. The embedding is the directions
that the regression looks along, {directions} of them, then the principal components of what is
left, each scaled to unit variance on the training clips; the classifier on it is the regression,
exactly. No emotion label reached the trunk.
{axis}
## How it was made

    python -m checkpoints.recipes.emotion_encoder --corpus {corpus} --data $REWARDKIT_DATA \\
        --whisper FOLDER --out checkpoints/{name} --folds FOLDS

FOLDER is what faster-whisper downloads (`Systran/faster-whisper-base`), or `openai/whisper-base`
of Hugging Face; the recipe checks the SHA-256 of the tensors that it takes. The regression's
inverse penalty ({penalty:g} here) is chosen among {grid} by leaving out training speakers, anew in
each fold. There is no seed and no stopping time.

## Figures

Unweighted average recall (UAR), pooled over out-of-fold predictions; brackets: 95 % interval from
resampling whole speakers (2,000 draws). *Level alone*: what one normal density per class over the
clip's mean level in dB reaches in the same folds. The encoder itself cannot know the level. The
mean over speakers counts, for each, the emotions there are clips of.

| test | UAR | mean over speakers | level alone | chance | clips / speakers |
|---|---|---|---|---|---|
| {count} emotions, one speaker left out | {own} |
| neutral, anger, happiness, sadness of {other} (other corpus, other language) | {cross} |

The rows are `leave_one_speaker_out` and `cross_corpus` in `results.json`, which the command above
writes.
{strength}
## Confusion, one speaker left out

Rows are the truth, columns the guess.

{confusion}

## Use

`config.json` holds every value below. Input: 16 kHz mono. (1) Take off the mean, digital silence at
the ends left out (it was left in in training). Cut both ends: frames of 400 samples every 160;
first to last frame whose mean square is within 40 dB of the loudest frame's. (2) Scale to RMS 0.1.
(3) Cut windows of 64,000 samples, side by side, the last aligned to the end; a clip not longer than
a window is one window of its own length; no window is padded to the length of another, nor to
Whisper's 30 s. (4) Whisper's log-mel energies and convolutions; each two neighbouring positions
averaged, which halves the work and, unlike in Whisper, leaves 25 positions a second; two layers;
mean and standard deviation over time; linear map. Average the windows' embeddings. (5) Linear
classifier, log softmax. A constant gain changes nothing but rounding.

    EncoderClassifier.from_hparams(source=FOLDER, overrides={{"pretrained_path": FOLDER}})

of speechbrain also works where rewardkit is installed (steps 1 to 3 are the caller's); the YAML
names `safetensors.torch.load_model` as loading hook, so no pickle is read.

Arousal and valence are sums over posteriors of sin and cos of an angle on the circumplex of affect:
{angles}. The octants are those of Russell, J. A. (1980), "A circumplex model of affect", Journal of
Personality and Social Psychology 39, 1161-1178; which emotion goes to which octant is ours. They
are a summary of the posteriors, not measured against ratings.

## Limits

Acted speech, {speech}, clean studio sound: the figure on the other corpus shows how much is lost
elsewhere. It hears how an actor portrays an emotion, not what a person feels; do not use it to
judge people. Intervals are wide because speakers are few. How many layers to take, which of them
to read and how to pool were settled on some 50 trial settings whose held-out figures on the same
corpora were seen, so the figures are a little optimistic. Whisper may have heard either corpus on
the web, though without emotion labels. Posteriors are not calibrated outside the corpus.
"""


def write(results: dict[str, Any]) -> str:
    """The card's text from what `emotion_encoder` measured."""
    corpus = results["corpus"]
    classes = CLASSES[corpus]
    own, across = results["leave_one_speaker_out"], results["cross_corpus"]
    return CARD.format(
        tag="SPDX-License-Identifier",  # not in the text above, where it would be of this file
        license=LICENSES[corpus],
        license_tag=LICENSES[corpus].lower(),
        name=NAMES[corpus],
        corpus=corpus,
        dimensions=DIMENSIONS,
        directions=len(classes) - 1,
        count=len(classes),
        classes=", ".join(classes),
        notice=NON_COMMERCIAL if corpus == "ravdess" else "",
        data=DATA[corpus],
        penalty=results["penalty"],
        grid=", ".join(f"{value:g}" for value in GRID),
        own=_row(own, results["level_only"], CHANCE[corpus]),
        other=TITLES[across["corpus"]],
        cross=_row(across, across["level_only"], ".25"),
        confusion=_table(classes, results["confusion_rows_are_truth"], results["recall"]),
        angles=", ".join(
            f"{name} {'at the centre' if AXES[name] is None else f'{AXES[name]}°'}"
            for name in classes
        ),
        speech=SPEECH[corpus],
        axis=AXIS.format(number=len(classes) - 1) if "strength" in results else "",
        strength=_strength(results),
    )


def _strength(results: dict[str, Any]) -> str:
    if (found := results.get("strength")) is None:
        return ""
    low, high = found["interval_95"]
    return STRENGTH.format(pairs=found["pairs"], accuracy=found["accuracy"], low=low, high=high)


def _row(found: dict[str, Any], level: dict[str, Any], chance: str) -> str:
    cells = [
        _interval(found), f"{found['mean_over_speakers']:.3f}", _interval(level), chance,
        f"{found['clips']} / {found['speakers']}",
    ]  # fmt: skip
    return " | ".join(cells)


def _interval(found: dict[str, Any]) -> str:
    low, high = found["interval_95"]
    return f"{found['uar']:.3f} [{low:.3f}, {high:.3f}]"


def _table(classes: tuple[str, ...], rows: list[list[int]], recall: list[float]) -> str:
    lines = [f"| | {' | '.join(classes)} | recall |", "|---" + "|---:" * (len(classes) + 1) + "|"]
    lines += [
        f"| **{name}** | {' | '.join(map(str, row))} | {share:.2f} |"
        for name, row, share in zip(classes, rows, recall, strict=True)
    ]
    return "\n".join(lines)
