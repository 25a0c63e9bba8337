# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Make torchaudio, and so speechbrain, importable beside a CPU-only torch.

The torchaudio 2.11 wheel links its native library to CUDA. With a CPU-only build of torch that
library can't be loaded and `import torchaudio` raises OSError, although all that is needed here
(mel filters, resampling) is plain Python on torch operators. The library is loaded by
`torchaudio._extension.utils._load_lib`, whose answer False already means "not there" to the
rest of torchaudio; so that answer is given when the load fails. What is lost then:
`forced_align` and other native operators, and `torchaudio.load`; nothing here uses them.

Call `prepare()` before the first import of torchaudio or speechbrain.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

_NAME = "torchaudio._extension.utils"


def prepare() -> None:
    """Guard torchaudio's native load; once, and only when torchaudio is not imported yet."""
    if "torchaudio" in sys.modules or _NAME in sys.modules:
        return
    package = importlib.util.find_spec("torchaudio")  # finds, does not import
    if package is None or package.origin is None:
        return
    path = Path(package.origin).parent / "_extension" / "utils.py"
    spec = importlib.util.spec_from_file_location(_NAME, path)
    if not path.is_file() or spec is None or spec.loader is None:
        return  # another layout: leave it to torchaudio
    module = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = module
    try:
        spec.loader.exec_module(module)
    except Exception:
        del sys.modules[_NAME]
        raise
    load: Any = getattr(module, "_load_lib", None)
    if load is None:
        return

    def guarded(library: str) -> bool:
        try:
            return bool(load(library))
        except OSError:
            return False

    module._load_lib = guarded  # type: ignore[attr-defined]  # a private name


def native() -> bool:
    """Whether torchaudio's native library is loaded; imports torchaudio."""
    prepare()
    import torchaudio

    return bool(getattr(torchaudio._extension, "_IS_TORCHAUDIO_EXT_AVAILABLE", False))
