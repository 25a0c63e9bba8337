# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing speechbrain without harm to the program around.

Speechbrain 1.1 leaves modules in `sys.modules` that import an optional package, such as k2, as
soon as any attribute of theirs is looked at, and raise ImportError when it is not installed.
What looks at all modules (hypothesis, `unittest`'s `assertWarns`) then fails. So the two
attributes that such code asks for are given to them; used by name they import as before.
"""

from __future__ import annotations

import sys


def prepare() -> None:
    """Import speechbrain; call this before the first import of one of its modules."""
    from rewardkit import torchaudio_cpu

    torchaudio_cpu.prepare()
    import speechbrain  # noqa: F401
    from speechbrain.utils.importutils import LazyModule

    for module in list(sys.modules.values()):
        if isinstance(module, LazyModule):
            module.__dict__.setdefault("__file__", None)
            module.__dict__.setdefault("__warningregistry__", {})
