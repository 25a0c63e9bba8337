# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""torchaudio and speechbrain import beside whatever torch is installed."""

from __future__ import annotations

import subprocess
import sys


def python(code: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_torchaudio_works_after_prepare() -> None:
    out = python(
        "from rewardkit import torchaudio_cpu\n"
        "torchaudio_cpu.prepare()\n"
        "torchaudio_cpu.prepare()\n"  # twice is once
        "import torchaudio, torch\n"
        "print(tuple(torchaudio.functional.resample(torch.zeros(1, 160), 16000, 8000).shape))"
    )
    assert out == "(1, 80)"


def test_a_library_that_cannot_be_loaded_counts_as_absent() -> None:
    """The guard itself, whatever this machine's torch is: a load that fails answers False."""
    out = python(
        "import ctypes\n"
        "import torch\n"
        "def fail(*args, **kwargs): raise OSError('libcudart.so: cannot open shared object file')\n"
        "torch.ops.load_library = fail\n"
        "from rewardkit import torchaudio_cpu\n"
        "print(torchaudio_cpu.native())\n"
        "import speechbrain"
    )
    assert out == "False"


def test_importing_it_alone_imports_neither() -> None:
    out = python(
        "import sys\n"
        "from rewardkit import torchaudio_cpu\n"
        "print([m for m in ('torch', 'torchaudio', 'speechbrain') if m in sys.modules])"
    )
    assert out == "[]"
