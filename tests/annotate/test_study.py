# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Studies that can't be made, and what is left of them: nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rewardkit.annotate import Settings, Study, StudyError, database


@pytest.mark.parametrize(
    "settings",
    [
        {"title": "\udcff"},
        {"questions": {"x" * 257: "Which one?"}},
        {"questions": {f"d{number}": "Which one?" for number in range(33)}},
    ],
)
def test_settings_that_no_page_could_use(settings: dict[str, Any]) -> None:
    with pytest.raises(StudyError, match="bad_setting"):
        Settings(**settings)


@pytest.mark.parametrize(
    "tables",
    [
        "SELECT no_such_column;",  # fails while the tables are made
        "CREATE TABLE other (name TEXT);",  # fails afterwards
    ],
)
def test_a_study_that_could_not_be_begun_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(database, "TABLES", tables)
        with pytest.raises(StudyError, match="not_saved"):
            Study.create(tmp_path / "study.sqlite", Settings())
    assert list(tmp_path.iterdir()) == []
    Study.create(tmp_path / "study.sqlite", Settings()).close()  # the next attempt
