# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kept machine code is made anew when anything that went into it changes."""

from __future__ import annotations

from pathlib import Path

from rewardkit_scorers import _compiled


def test_the_digest_changes_with_what_is_imported_at_second_hand(tmp_path, monkeypatch):
    (tmp_path / "one.py").write_text(f"from {_compiled._ROOT.name}.deep.two import f\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "two.py").write_text(f"from {_compiled._ROOT.name} import three\n")
    (tmp_path / "three.py").write_text("STEP = 1\n")
    (tmp_path / "four.py").write_text("STEP = 1\n")
    monkeypatch.setattr(_compiled, "_ROOT", tmp_path)

    def digest() -> str:
        _compiled.digest.cache_clear()
        _compiled._read.cache_clear()
        return _compiled.digest(tmp_path / "one.py")

    first = digest()
    (tmp_path / "four.py").write_text("STEP = 2\n")
    assert digest() == first
    (tmp_path / "three.py").write_text("STEP = 2\n")
    assert digest() != first
    _compiled.digest.cache_clear()
    _compiled._read.cache_clear()


def test_the_pitch_scorer_depends_on_its_parts():
    names = {
        path.name for path in _compiled._imported(Path(_compiled.__file__).with_name("pitch.py"))
    }
    assert {"_tones.py", "_phrases.py", "_track.py", "perturbation.py"} <= names
