# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Train the checkpoint `coherence`, judge it on speakers it has not heard, write its card.

    python -m checkpoints.recipes.dialogues --data $REWARDKIT_DATA --turns TURNS \
        --encoders FOLDS --out checkpoints/coherence

`FOLDS` are emotion encoders by left-out actor, from `emotion_encoder --folds FOLDS`: each actor of
EmoDB is measured by the one that never heard that actor.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from checkpoints.recipes import dialogue_card
from checkpoints.recipes.dialogue_figures import Figure, Judged, figures
from checkpoints.recipes.dialogue_pairs import KINDS, Pair, pairs
from checkpoints.recipes.dialogue_turns import Pool, emodb_pool, librispeech_pool, ravdess_pool
from rewardkit import scorers
from rewardkit.cache import FeatureCache, default_path
from rewardkit.checkpoint import ComparisonEntry, FeatureEntry, Manifest, ScorerEntry
from rewardkit.dialogue import Comparer, Comparison, DialogueModel
from rewardkit.dialogue.compare import Scale
from rewardkit.dialogue.fit import TrainedDialogues, fit
from rewardkit.dialogue.model import compare
from rewardkit.extract import Extractor
from rewardkit.pairs import Pairs
from rewardkit.training.options import TrainOptions
from rewardkit.version import VERSION
from rewardkit.workers import measure_files

Floats = NDArray[np.float64]

DIMENSION: Final = "coherence"
SCORERS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("pitch", {}),
    ("timing", {}),
    ("voice", {}),
    ("timbre", {}),
    ("emotion", {"source": "emotion-emodb"}),
)
PITCH: Final = ("sd", "range", "movement", "periodicity", "jitter", "shimmer")
VOICE: Final = (
    "centroid", "low_share", "alpha_ratio", "hammarberg", "tilt_low", "tilt_mid", "h1_h2", "h1_a3",
    "cpp", "hnr_cc", "flux", "snr",
)  # fmt: skip
EMOTIONS: Final = ("neutral", "anger", "happiness", "sadness")
Compared = tuple[tuple[str, ...], Scale]
F0: Final[Compared] = (("pitch.f0_median",), "semitone")
RATE: Final[Compared] = (("timing.syllable_rate",), "log")
LEVEL: Final[Compared] = (("timbre.level",), "linear")
GAP: Final = 1.0
"""Seconds of silence that people bear before an answer (Jefferson 1989, "Preliminary notes on a
possible metric which provides for a 'standard maximum' silence of approximately one second in
conversation"); longer ones count."""
OVERLAP: Final = 0.8
"""Seconds that a turn may begin early; the longest of the drawn offsets."""
AFFECT: Final = ("emotion.arousal", "emotion.valence")
CEPSTRUM: Final = tuple(f"c{k:02}" for k in range(1, 17))
COMPARISONS: Final = (
    Comparison("own", "f0", *F0),
    Comparison("own", "rate", *RATE),
    Comparison("own", "level", *LEVEL),
    *(Comparison("own", f"pitch_{name}", (f"pitch.{name}",)) for name in PITCH),
    *(Comparison("own", f"voice_{name}", (f"voice.{name}",)) for name in VOICE),
    *(Comparison("own", f"timbre_{name}", (f"timbre.{name}",)) for name in CEPSTRUM),
    *(Comparison("own", f"timbre_{name}_sd", (f"timbre.{name}_sd",)) for name in CEPSTRUM[:8]),
    Comparison("distance", "timbre", tuple(f"timbre.{name}" for name in CEPSTRUM)),
    *(Comparison("own", name.partition(".")[2], (name,)) for name in AFFECT),
    *(Comparison("own", f"log_p_{name}", (f"emotion.log_p_{name}",)) for name in EMOTIONS),
    *(Comparison("drift", n, *of) for n, of in (("f0", F0), ("rate", RATE), ("level", LEVEL))),
    Comparison("gap", "length", beyond=GAP),
    Comparison("overlap", "length", beyond=OVERLAP),
    Comparison("pause", "length"),
    *(
        Comparison(relation, n, *of)
        for relation in ("partner", "convergence", "synchrony")
        for n, of in (("f0", F0), ("rate", RATE), ("level", LEVEL))
    ),
    *(Comparison("partner", name.partition(".")[2], (name,)) for name in AFFECT),
)
USE: Final = ("own.*", "distance.*", "drift.*", "gap.*", "overlap.*")
"""What gets weight. The others are measured only: between speakers who never met there is no
entrainment, and nothing to learn of it."""

TRAIN: Final = 200
TEST: Final = 100
"""Pairs of each kind and corpus, in training, and in the judging of each fold."""

ACROSS: Final = 300
"""Pairs of each kind of the corpus that is not trained on."""

COPIED: Final = 48
"""Readers whose turns are also changed."""


@dataclass(frozen=True, eq=False)
class Material:
    """Turns with what was measured of them.

    Args:
        pools: By corpus.
        values: The scorers' numbers by path.
        durations: In s, by path.
        extractor: As it will ship.
        comparer: Likewise.
    """

    pools: Mapping[str, Pool]
    values: Mapping[str, Floats]
    durations: Mapping[str, float]
    extractor: Extractor
    comparer: Comparer

    def tables(self, pair: Pair) -> tuple[Floats, Floats]:
        """The turn-to-turn features of both sides."""
        found = []
        for dialogue in (pair.real, pair.broken):
            paths = [turn.source for turn in dialogue.turns]
            values = np.stack([self.values[path] for path in paths])
            durations = [self.durations[path] for path in paths]
            found.append(compare(self.comparer, dialogue, values, durations))
        return found[0], found[1]


def gather(data: Path, turns: Path, encoders: Path, workers: int) -> Material:
    """Cut, change and measure the turns of all corpora."""
    made = (emodb_pool(data), librispeech_pool(data, turns, COPIED), ravdess_pool(data))
    values: dict[str, Floats] = {}
    missing: set[str] = set()
    for pool in made:
        for encoder, paths in _by_encoder(pool, encoders):
            found = measure_files(_extractor(encoder), paths, workers=workers)
            for path, row, error in zip(paths, found.values, found.errors, strict=True):
                if error is None:
                    values[path] = row
                else:
                    missing.add(path)
                    print(f"left out: {Path(path).name}: {error.code}")
    durations = {path: float(soundfile.info(path).duration) for path in values}
    extractor = _extractor(None)
    pools = {pool.name: pool.without(missing) for pool in made}
    comparer = Comparer(COMPARISONS, extractor.schema)
    return Material(pools, values, durations, extractor, comparer)


def _by_encoder(pool: Pool, encoders: Path) -> Iterator[tuple[Path | None, list[str]]]:
    """Paths by the encoder that measures them; None for the one that ships."""
    if pool.name != "emodb":
        yield None, pool.paths
        return
    for who, states in pool.turns.items():
        yield encoders / who.removeprefix("emodb-"), [p for ps in states.values() for p in ps]


def _extractor(encoder: Path | None) -> Extractor:
    """The scorers; with another emotion encoder than the one that ships, if given."""
    own = {"source": str(encoder)} if encoder is not None else None
    made = [
        scorers.load(name, **(own if own and name == "emotion" else values))
        for name, values in SCORERS
    ]
    return Extractor(made, cache=FeatureCache(default_path()))


def folds(pools: Mapping[str, Pool]) -> Iterator[dict[str, set[str]]]:
    """The held-out speakers of each corpus: half of EmoDB's actors, a sixth of the readers.

    Two men and two women are held out at a time, in three ways and then the others: so each two
    actors of one sex are held out together once, as a speaker and the intruder have to be.
    """
    actors = pools["emodb"]
    readers = sorted(pools["librispeech"].turns)
    men, women = (sorted(w for w, s in actors.sex.items() if s == sex) for sex in "MF")
    halves = [
        {men[0], men[k], women[0], women[k]} if first else {*men, *women} - {men[0], men[k],
                                                                            women[0], women[k]}
        for k in (1, 2, 3)
        for first in (True, False)
    ]  # fmt: skip
    for place, held in enumerate(halves):
        yield {"emodb": held, "librispeech": set(readers[place :: len(halves)])}


def dialogues(
    material: Material, speakers: Mapping[str, Collection[str]], count: int, seed: int
) -> dict[str, list[Pair]]:
    """Pairs of every kind that a corpus allows, by corpus, among these speakers."""
    made: dict[str, list[Pair]] = {}
    for corpus, who in speakers.items():
        made[corpus] = []
        for kind in KINDS:
            rng = np.random.default_rng((seed, zlib.crc32(f"{corpus} {kind}".encode())))
            pool = material.pools[corpus]
            made[corpus] += pairs(pool, who, kind, count, material.durations, rng)
    return made


def train(
    material: Material, made: Mapping[str, list[Pair]], options: TrainOptions
) -> TrainedDialogues:
    """A head trained on pairs; what is drawn and held out as one are their broken speakers."""
    said = list(itertools.chain(*made.values()))
    tables = [table for pair in said for table in material.tables(pair)]
    real = 2 * np.arange(len(said))
    groups = [pair.speaker for pair in said for _ in range(2)]
    unseen = np.zeros(len(said), bool)  # nobody was shown any
    rows = Pairs.of(real, real + 1, np.ones(len(said)), side_known=unseen, dimensions=(DIMENSION,))
    return fit(tables, rows, COMPARISONS, use=USE, groups=groups, options=options)


def judge(material: Material, options: TrainOptions) -> list[Figure]:
    """Figures on held-out speakers of the corpora that are trained on."""
    options = dataclasses.replace(options, members=2)  # no figure needs more
    judged: dict[str, list[Judged]] = {}
    rules: dict[str, list[Judged]] = {}
    for number, held in enumerate(folds(material.pools)):
        rest = {name: set(material.pools[name].turns) - who for name, who in held.items()}
        head = train(material, dialogues(material, rest, TRAIN, number), options).head
        for corpus, said in dialogues(material, held, TEST, 100 + number).items():
            rows: list[Judged] = [(pair, *material.tables(pair)) for pair in said]
            rules.setdefault(corpus, []).extend(rows)
            judged.setdefault(corpus, []).extend(
                (pair, head(real).scalar, head(broken).scalar) for pair, real, broken in rows
            )
        print(f"fold {number + 1}: {', '.join(sorted(held['emodb']))} and readers held out")
    names = material.comparer.names
    return [f for c in judged for f in figures(c, judged[c], rules[c], names)]


def across(material: Material, trained: TrainedDialogues) -> list[Figure]:
    """Figures on the corpus that is not trained on."""
    who = {"ravdess": list(material.pools["ravdess"].turns)}
    rows: list[Judged] = [
        (p, *material.tables(p)) for p in dialogues(material, who, ACROSS, 200)["ravdess"]
    ]
    head = trained.head
    judged: list[Judged] = [(p, head(real).scalar, head(broken).scalar) for p, real, broken in rows]
    return figures("ravdess", judged, rows, material.comparer.names)


def manifest(
    material: Material, trained: TrainedDialogues, found: Sequence[Figure], counts: dict[str, int]
) -> Manifest:
    """What the checkpoint says of itself."""
    extractor, comparer = material.extractor, material.comparer
    return Manifest(
        kind="dialogue",
        name=DIMENSION,
        rewardkit=VERSION,
        license="CC-BY-4.0",
        dimensions=(DIMENSION,),
        scorers=tuple(
            ScorerEntry(
                **scorers.describe(scorer) | {"parameters": scorers.parameters(scorer)},
                identity=scorers.identity(scorer),
            )
            for scorer in extractor.scorers
        ),
        features=tuple(
            FeatureEntry(name=name, unit=feature.unit)
            for name, feature in zip(comparer.names, comparer.features, strict=True)
        ),
        comparisons=tuple(
            ComparisonEntry(
                relation=c.relation, name=c.name, of=c.of, scale=c.scale, beyond=c.beyond
            )
            for c in comparer.comparisons
        ),
        schema_digest=extractor.schema.digest,
        requires_speech=True,
        training=trained.report.to_json() | {"grouped_by": "speaker", "dialogues": counts},
        evaluation={"kinds": [figure.to_json() for figure in found]},
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments, cut, measure, judge, train, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    parser.add_argument("--turns", type=Path, required=True, help="folder for the cut turns")
    parser.add_argument("--encoders", type=Path, required=True, help="by left-out actor")
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--workers", type=int, default=0)
    given = parser.parse_args(arguments)
    material = gather(given.data, given.turns, given.encoders, given.workers)
    options = TrainOptions(ties="half", grid=(10.0, 30.0, 100.0), folds=3)
    everyone = {name: list(material.pools[name].turns) for name in ("emodb", "librispeech")}
    made = dialogues(material, everyone, TRAIN, 300)
    trained = train(material, made, options)
    found = judge(material, options) + across(material, trained)
    counts = {name: len(said) for name, said in made.items()}
    about = manifest(material, trained, found, counts)
    model = DialogueModel(material.extractor, material.comparer, trained.head, about)
    model.save(given.out, dialogue_card.write(about, found, trained.head, material.comparer))
    for figure in found:
        print(figure)
    print(json.dumps([figure.to_json() for figure in found]))


if __name__ == "__main__":
    main()
