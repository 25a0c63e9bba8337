# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Artefacts, graded melodies, and the rows that they make."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from checkpoints.recipes import artefacts, graded, ladder_rows, melody, unseen
from checkpoints.recipes.artefacts import ARTEFACTS, Artefact
from checkpoints.recipes.folder import SAMPLE_RATE, Folder
from checkpoints.recipes.loudness import equalise
from checkpoints.recipes.melody import MELODIES
from checkpoints.recipes.takes import Take
from rewardkit.preferences import Preference, validate
from rewardkit.testing import voice

TAKE = Take("made-up", "nobody", equalise(voice(3.0).samples, SAMPLE_RATE))


@pytest.mark.parametrize("kind", ARTEFACTS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("amount", [0.05, 1.0])
def test_an_artefact_changes_the_sound_and_follows_the_seed(kind: Artefact, amount: float) -> None:
    one, again = (
        kind.make(TAKE.samples, SAMPLE_RATE, amount, np.random.default_rng(3)) for _ in range(2)
    )
    assert one.dtype == np.float32
    assert np.isfinite(one).all()
    assert np.array_equal(one, again)
    assert not np.array_equal(one, TAKE.samples)
    assert 0.3 < len(one) / len(TAKE.samples) < 3.0


def test_more_noise_is_more() -> None:
    noise = next(kind for kind in ARTEFACTS if kind.name == "noise")
    added = [
        noise.make(TAKE.samples, SAMPLE_RATE, amount, np.random.default_rng(0)) - TAKE.samples
        for amount in (0.0, 0.5, 1.0)
    ]
    power = [10 * np.log10(np.mean(a**2) / np.mean(TAKE.samples**2)) for a in added]
    assert power == pytest.approx([-32.0, -17.0, -2.0], abs=0.1)


def test_the_audit_stays_a_judge() -> None:
    """No recipe takes its damage from the changes that the audit makes."""
    recipes = Path(graded.__file__).parent
    for file in [*recipes.glob("*.py"), *Path(artefacts.__file__).parent.glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and "perturbations" in (node.module or ""):
                assert [name.name for name in node.names] == ["NotApplicable"], file


def test_three_pairs_for_each_graded_kind_and_none_of_one_sound(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    rows = graded.artefacts([(TAKE, 5)], folder)
    assert len(rows) == 15
    assert {row["dimension"] for row in rows} == {"quality"}
    assert {row["preference"] for row in rows} == {"a"}
    folder.write(rows, "artefacts")
    assert not list(validate(tmp_path / "artefacts.jsonl").errors)


def test_what_spoils_order_spoils_prosody_too(tmp_path: Path) -> None:
    kind = next(kind for kind in ARTEFACTS if kind.name == "shuffled")
    path = Folder(tmp_path).save(TAKE.samples, "x"), "original"
    rows = graded._of_artefact(TAKE, Folder(tmp_path), path, kind)
    assert {row["dimension"] for row in rows} == {"quality", "prosody"}


def test_silence_at_the_ends_is_a_tie_in_all_dimensions(tmp_path: Path) -> None:
    rows = graded.padded([(TAKE, 1)], Folder(tmp_path))
    assert [row["preference"] for row in rows] == ["tie"] * 3
    assert len({row["dimension"] for row in rows}) == 3


def test_a_room_is_heard_and_loudness_stays() -> None:
    human = Take("h", "h", equalise(voice(2.0, seed=3).samples, SAMPLE_RATE))
    quiet = ladder_rows.in_room(TAKE.samples, human.samples, np.random.default_rng(0))
    assert len(quiet) == len(TAKE.samples)
    assert 1e-5 < np.abs(quiet - TAKE.samples).mean() < 1e-2


def test_every_kind_has_a_family_and_fixed_damages_go_with_theirs() -> None:
    names = {kind.name for kind in ARTEFACTS} | {kind.name for kind in MELODIES}
    assert names <= set(unseen.FAMILIES)
    assert set(unseen.FIXED.values()) <= names
    pair = Preference("x", "y", 1.0, system_a="resynthesised", system_b="damaged-flat")
    assert (unseen.kinds(pair), unseen.families(pair)) == (("levelled",), ("range",))
    pair = Preference("x", "y", 1.0, system_a="noise~mild", system_b="noise~severe")
    assert unseen.kinds(pair) == ("noise",)
    pair = Preference("x", "y", 1.0, system_a="human", speaker_a="ann", speaker_b="piper-joe")
    assert (unseen.kinds(pair), unseen.engines(pair)) == ((), ("piper",))


@pytest.mark.parametrize("kind", MELODIES, ids=lambda kind: kind.name)
def test_a_melody_is_changed(kind: melody.Melody, data_dir: Path) -> None:
    from checkpoints.recipes.takes import emodb_takes

    takes = emodb_takes(data_dir)
    take, lender = next(takes), next(takes)
    rng = np.random.default_rng(0)
    copy = kind.make(take.samples, SAMPLE_RATE, 0.7, rng, lender.samples)
    assert np.isfinite(copy).all()
    assert 0.3 < len(copy) / len(take.samples) < 3.0
