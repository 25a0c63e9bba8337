# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech found by silero-vad, a small recurrent network; imported only when it is asked for.

The network's file is read from the installed package `silero-vad` and run by onnxruntime; the
package itself is not imported, for it imports torch and sets its number of threads.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.errors import RewardkitError

SAMPLE_RATE: Final = 16_000
CHUNK: Final = 512
"""Samples that the network hears at a time, 32 ms."""

CONTEXT: Final = 64
"""Samples before the chunk that it hears again."""

ON, OFF = 0.5, 0.35
"""Speech begins where the network's probability reaches the first and ends below the second."""


def path() -> Path:
    """The network's file in the installed package.

    Raises:
        RewardkitError: `missing_package` when silero-vad or onnxruntime is not installed.
    """
    package = find_spec("silero_vad")
    if package is None or not package.submodule_search_locations or not find_spec("onnxruntime"):
        raise RewardkitError(
            "missing_package",
            "timing with vad='silero' needs the packages silero-vad and onnxruntime: "
            "pip install 'speech-rewardkit[vad]'",
        )
    return Path(next(iter(package.submodule_search_locations))) / "data" / "silero_vad.onnx"


@cache
def digest() -> str:
    """SHA-256 (hex) of the network's file."""
    return hashlib.sha256(path().read_bytes()).hexdigest()


@cache
def _session() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(path()), sess_options=options, providers=["CPUExecutionProvider"]
    )


def probabilities(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of speech in each chunk of `CHUNK` samples, the last one filled with zeros.

    The network starts afresh, so that a clip's values don't depend on others.

    Args:
        samples: At `SAMPLE_RATE`, `(n,)`.
    """
    session = _session()
    count = -(-len(samples) // CHUNK)
    padded = np.zeros(CONTEXT + count * CHUNK, np.float32)
    padded[CONTEXT : CONTEXT + len(samples)] = samples
    state: Any = np.zeros((2, 1, 128), np.float32)
    rate = np.array(SAMPLE_RATE, np.int64)
    result = np.empty(count, np.float32)
    for i in range(count):
        heard = padded[None, i * CHUNK : (i + 1) * CHUNK + CONTEXT]
        value, state = session.run(None, {"input": heard, "state": state, "sr": rate})
        result[i] = value[0, 0]
    return result


def speech(samples: NDArray[np.float32], frames: int, step: float) -> NDArray[np.bool_]:
    """Whether there is speech at 0, `step`, 2 `step`, …, `(frames,)`."""
    values = probabilities(samples)
    if not len(values):
        return np.zeros(frames, np.bool_)
    chunks = np.empty(len(values), np.bool_)
    inside = False
    for i, value in enumerate(values.tolist()):
        inside = value >= (OFF if inside else ON)
        chunks[i] = inside
    at = (np.arange(frames) * step * SAMPLE_RATE / CHUNK).astype(np.int64)
    return np.asarray(chunks[np.minimum(at, len(chunks) - 1)])
