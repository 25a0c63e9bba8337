# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What the distributions say of their licences is what is in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = (ROOT / "pyproject.toml").read_text("utf-8")


def test_the_licence_names_all_that_is_distributed_and_nothing_else() -> None:
    listed = set(re.findall(r'"LICENSES/([^"*]+)\.txt",?$', PROJECT, re.MULTILINE))
    [expression] = re.findall(r'^license = "(.*)"$', PROJECT, re.MULTILINE)
    assert set(expression.split(" AND ")) == listed
    shipped = [*(ROOT / "rewardkit").rglob("*"), *(ROOT / "scorers").rglob("*")]
    shipped += (ROOT / "checkpoints" / "emotion-emodb").iterdir()
    texts = [p.read_text("utf-8") for p in shipped if p.suffix in (".py", ".license", ".md")]
    said = set(re.findall(r"-License-Identifier: ([\w.-]+)", "\n".join(texts)))
    assert {"BSD-3-Clause", "GPL-3.0-or-later", "MIT"} <= said <= listed
