# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Learn the syllable detector of the `timing` scorer, and judge it on actors it has not heard.

    python -m checkpoints.recipes.syllable_words $REWARDKIT_DATA words.jsonl
    python -m checkpoints.recipes.syllables $REWARDKIT_DATA words.jsonl [--judge]

Without `--judge` the weights are written beside the scorer. With it, nothing is written: the
detector is trained with one half of EmoDB's actors and judged on the other, both ways round.

Supervision is counts only: the integral of the density over a word has to be the word's number of
syllables (LibriSpeech, CC BY 4.0, words aligned by machine), over a sentence the number that was
marked by hand (EmoDB, CC0), and between words nothing. Each clip is also heard faster and slower,
with a shorter and a longer vocal tract, and in noise.

Source:
    Learning a density by its integrals alone: Lempitsky & Zisserman (2010), "Learning to count
    objects in images", NeurIPS.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from rewardkit_scorers import _syllables
from rewardkit_scorers._levels import ALL, BAND, WINDOW, relative
from rewardkit_scorers._pauses import STEP
from rewardkit_scorers._spectrum import band_power, spectrograms
from safetensors.torch import save_file
from torch import Tensor, nn

from rewardkit.batch import Batch
from rewardkit.clip import Clip

HALF: Final = ("03", "08", "11", "14")
"""Actors of EmoDB on one side of the judgement."""

VARIANTS: Final = ((1.0, 1.0), (0.88, 1.0), (1.12, 1.15), (0.95, 1.35), (1.05, 0.85), (1.0, 1.6))
"""How each clip is heard: its frequencies times the first, its tempo times both."""

HIDDEN: Final = 32
TAPS: Final = (9, 5, 5)
EPOCHS: Final = 15
BATCH: Final = 16
LENGTH: Final = 400
"""Frames of a training example."""
RATE: Final = 3e-3
REPEATED: Final = 3
"""How often an epoch goes through EmoDB, which is much smaller."""


@dataclass(frozen=True)
class Example:
    """One clip as it is heard.

    Attributes:
        speaker: Who speaks.
        text: Which sentence, where the corpus repeats them.
        x: The detector's input, `(frames, bands)`.
        owner: Which stretch each frame is of, `(frames,)`; 0 is no speech.
        counts: Syllables of each stretch, `(stretches + 1,)`; 0 for no speech.
    """

    speaker: str
    text: str
    x: NDArray[np.float32]
    owner: NDArray[np.int64]
    counts: NDArray[np.float32]


class Detector(nn.Module):
    """The network of `_syllables.density`, in torch."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (len(_syllables.BANDS), HIDDEN, HIDDEN, 1)
        strides = (_syllables.STRIDE, 1, 1)
        self.layers = nn.ModuleList(
            nn.Conv1d(sizes[i], sizes[i + 1], TAPS[i], strides[i], TAPS[i] // 2) for i in range(3)
        )
        nn.init.constant_(self.layers[2].bias, -1.5)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Density `(clips, ceil(frames / stride))` of inputs `(clips, bands, frames)`."""
        x = torch.relu(self.layers[0](x))
        x = torch.relu(self.layers[1](x))
        return nn.functional.softplus(self.layers[2](x))[:, 0] * 0.2 * _syllables.STRIDE


def heard(
    samples: NDArray[np.float32], variant: int, random: np.random.Generator
) -> tuple[NDArray[np.float32], float]:
    """The detector's input for a clip in one of `VARIANTS`, and its frames per second of clip."""
    shift, tempo = VARIANTS[variant]
    if variant:
        noise = random.standard_normal(len(samples)) * samples.std()
        samples = (samples + 10 ** (-random.uniform(10, 45) / 20) * noise).astype(np.float32)
    # The samples said to be of another rate are the sound with all frequencies shifted.
    batch = Batch([Clip(samples, round(16_000 * shift))])
    spectra = batch.shared(spectrograms, WINDOW, STEP * tempo, BAND[1])
    level, bands, _ = relative(band_power(spectra, 0, ALL))
    return _syllables.inputs(bands, level), 1 / (shift * tempo * STEP)


def examples(
    clips: Sequence[tuple[str, str, Path, Sequence[tuple[float, float, int]]]], seed: int
) -> Iterator[Example]:
    """Each clip in all its variants.

    Args:
        clips: Speaker, text, file, and the stretches whose syllables are known: start and end in
            seconds, and their number.
        seed: Of the noise.
    """
    random = np.random.default_rng(seed)
    for speaker, text, path, stretches in clips:
        samples = soundfile.read(path, dtype="float32")[0]
        for variant in range(len(VARIANTS)):
            x, rate = heard(samples, variant, random)
            owner = np.zeros(len(x), np.int64)
            for i, (start, stop, _) in enumerate(stretches):
                owner[max(round(start * rate), 0) : round(stop * rate)] = i + 1
            counts = np.array([0, *(count for _, _, count in stretches)], np.float32)
            yield Example(speaker, text, x, owner, counts)


def librispeech(data: Path, words: Path) -> Iterator[Example]:
    """Clips of LibriSpeech whose words fill at least 65 %: else some were not recognised."""
    clips = []
    for line in words.read_text().splitlines():
        row = json.loads(line)
        if sum(stop - start for start, stop, _ in row["words"]) >= 0.65 * row["duration"]:
            path = data / "librispeech_ccby" / row["file"]
            clips.append((path.parent.name, "", path, row["words"]))
    return examples(clips, seed=0)


def emodb(data: Path) -> Iterator[Example]:
    """Clips of EmoDB with hand-marked syllables."""
    folder = data / "emodb_cc0"
    with (folder / "syllables.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    clips = []
    for line in lines:
        start, stop = float(line["first_syl_s"]) - 0.03, float(line["last_syl_end_s"]) + 0.03
        path = (folder / line["file"]).with_suffix(".flac")
        stretch = (start, stop, int(line["n_syllables"]))
        clips.append((line["file"][:2], line["file"][2:5], path, [stretch]))
    return examples(clips, seed=1)


def batches(
    data: Sequence[Example], random: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Inputs `(clips, bands, frames)`, owners `(clips, values)`, counts and weights of stretches.

    Stretches that are cut by an example's ends, or missing in it, have the weight 0.
    """
    order = random.permutation(len(data))
    for first in range(0, len(order) - BATCH + 1, BATCH):
        xs, owners, counts, weights = [], [], [], []
        offset = 0
        for example in (data[i] for i in order[first : first + BATCH]):
            at = int(random.integers(0, max(1, len(example.x) - LENGTH)))
            x, owner = example.x[at : at + LENGTH], example.owner[at : at + LENGTH]
            weight = np.zeros(len(example.counts), np.float32)
            weight[np.unique(owner)] = 1
            if at:
                weight[owner[0]] = weight[owner[0]] * (owner[0] == 0)
            if at + LENGTH < len(example.x):
                weight[owner[-1]] = weight[owner[-1]] * (owner[-1] == 0)
            rest = LENGTH - len(x)
            xs.append(np.pad(x, ((0, rest), (0, 0)), constant_values=-2.5).T)
            owners.append(offset + np.pad(owner, (0, rest))[:: _syllables.STRIDE])
            counts.append(example.counts)
            weights.append(weight)
            offset += len(weight)
        yield (
            torch.from_numpy(np.stack(xs)),
            torch.from_numpy(np.stack(owners)),
            torch.from_numpy(np.concatenate(counts)),
            torch.from_numpy(np.concatenate(weights)),
        )


def train(data: Sequence[Example], seed: int = 0) -> Detector:
    """Fit the detector: squared errors of the counts, relative to their Poisson variance."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    detector = Detector()
    optimiser = torch.optim.Adam(detector.parameters(), lr=RATE)
    steps = EPOCHS * (len(data) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for x, owner, count, weight in batches(data, random):
            found = torch.zeros_like(count).scatter_add(0, owner.ravel(), detector(x).ravel())
            loss = (weight * (found - count) ** 2 / (count + 0.5)).sum() / weight.sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(detector.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    return detector.eval()


def exported(detector: Detector) -> dict[str, Tensor]:
    """The weights as `_syllables.weights` reads them."""
    state = detector.state_dict()
    tensors: dict[str, Tensor] = {}
    for i in range(len(TAPS)):
        tensors[f"{i}.kernel"] = state[f"layers.{i}.weight"].permute(2, 1, 0).contiguous()
        tensors[f"{i}.bias"] = state[f"layers.{i}.bias"]
    return tensors


def counted(detector: Detector, example: Example) -> float:
    """Syllables of a whole clip."""
    tensors = exported(detector)
    weights = [tensors[f"{i}.{part}"].numpy() for i in range(3) for part in ("kernel", "bias")]
    return float(_syllables.density(example.x, *weights).sum())


def judge(read: Sequence[Example], acted: Sequence[Example]) -> None:
    """Print how well counts of actors, and of sentences, that were not heard are told.

    Of every training, what is judged is only what it has not heard: actors, or actors and
    sentences at once (all ten sentences are said by all actors), or speakers of LibriSpeech.
    """
    plain = acted[:: len(VARIANTS)]
    marked = np.array([example.counts[1:].sum() for example in plain])
    actor = np.array([example.speaker in HALF for example in plain])
    text = np.array([example.text < "a99" for example in plain])
    english = np.array([int(example.speaker) % 2 == 0 for example in read])
    for name, parts in (("actors", actor * 1), ("actors and sentences", actor * 2 + text)):
        found = np.full(len(plain), np.nan)
        for part in np.unique(parts):
            held = parts == part
            speakers = {plain[i].speaker for i in np.flatnonzero(held).tolist()}
            texts = (
                {plain[i].text for i in np.flatnonzero(held).tolist()}
                if name != "actors"
                else set()
            )
            kept = [e for e in acted if e.speaker not in speakers and e.text not in texts]
            detector = train([*read, *kept * REPEATED])
            found[held] = [counted(detector, plain[i]) for i in np.flatnonzero(held).tolist()]
        for label, chosen in (("first half", actor), ("second half", ~actor)):
            _print(f"{name}, {label}", marked[chosen], found[chosen])
    for half in (english, ~english):
        detector = train([e for e, inside in zip(read, half, strict=True) if not inside])
        held_out = [read[i] for i in np.flatnonzero(half).tolist() if i % len(VARIANTS) == 0]
        total = np.array([example.counts.sum() for example in held_out])
        _print("read English", total, np.array([counted(detector, e) for e in held_out]))


def _print(name: str, marked: NDArray[np.float64], found: NDArray[np.float64]) -> None:
    print(
        f"{name:<34} {len(marked):>4} clips, r of counts {np.corrcoef(marked, found)[0, 1]:.3f}, "
        f"found/marked {(found / marked).mean():.3f} ± {(found / marked).std():.3f}"
    )


def main() -> None:
    """Train on everything and write the weights, or judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of speech data")
    parser.add_argument("words", type=Path, help="made by checkpoints.recipes.syllable_words")
    parser.add_argument("--judge", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    read, acted = list(librispeech(given.data, given.words)), list(emodb(given.data))
    if given.judge:
        judge(read, acted)
    else:
        save_file(exported(train([*read, *acted * REPEATED])), _syllables.FILE)
        _syllables.FILE.chmod(0o644)


if __name__ == "__main__":
    main()
