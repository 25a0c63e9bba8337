# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whisper in CTranslate2's format: log-mel energies in, encodings or text out.

Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision",
arXiv:2212.04356. The folder is what faster-whisper reads: `model.bin`, `config.json`,
`tokenizer.json`, and `vocabulary.json` or `.txt`. CTranslate2's own binary format holds arrays and
settings, no code.

Whisper was trained on 30 s, shorter sounds followed by silence. CTranslate2 takes fewer frames
too, and they are encoded as they are: the encodings do not depend on padding, and cost less.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.errors import CheckpointError
from rewardkit_scorers import _weights
from rewardkit_scorers._fourier import rfft

Samples = NDArray[np.float32]
Encodings = NDArray[np.float32]

MODEL: Final = "model.bin"
FILES: Final = (MODEL, "config.json", "preprocessor_config.json", "tokenizer.json")
"""What decides the numbers; all but the first only where there is one."""

VOCABULARY: Final = "vocabulary.*"
"""JSON or text, without which CTranslate2 loads no model."""

SAMPLE_RATE: Final = 16_000
LONGEST: Final = 30 * SAMPLE_RATE

_FFT: Final = 400
_HOP: Final = 160
_EXTRA: Final = "whisper"
_FIRST: Final = "encoder/conv1/weight"
_VERSIONS: Final = range(4, 7)
"""Of CTranslate2's binary format, which is read here as far as the shapes."""


def files(folder: Path) -> tuple[tuple[str, Path], ...]:
    """The files of a folder that decide the numbers."""
    return tuple((name, folder / name) for name in FILES if (folder / name).is_file())


def dimensions(path: Path) -> int:
    """Length of an encoding, read from `model.bin` without loading it.

    Raises:
        CheckpointError: `bad_encoder` when it is not a Whisper model of CTranslate2.
    """
    try:
        with path.open("rb") as file:
            version, spec = _number(file), _text(file)
            if version not in _VERSIONS or spec != "WhisperSpec":
                raise ValueError(f"{spec!r} of format {version}")
            _, count = _number(file), _number(file)
            for _ in range(count):
                name, rank = _text(file), _number(file, "B")
                shape = [_number(file) for _ in range(rank)]
                _, size = _number(file, "B"), _number(file)
                if name == _FIRST:
                    return shape[0]
                file.seek(size, 1)
            raise ValueError(f"no {_FIRST}")
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise CheckpointError(
            "bad_encoder", f"{path}: no Whisper model in CTranslate2's format: {error}"
        ) from error


def _number(file: BinaryIO, kind: str = "I") -> int:
    size = struct.calcsize(f"<{kind}")
    return int(struct.unpack(f"<{kind}", file.read(size))[0])


def _text(file: BinaryIO) -> str:
    return file.read(_number(file, "H")).rstrip(b"\0").decode("utf-8")


def log_mel(samples: Samples, bands: int = 80) -> NDArray[np.float32]:
    """Whisper's input: log10 mel energies, the quietest raised to 8 below the loudest.

    Args:
        samples: At 16 kHz, `(n,)`, n > 200.
        bands: Of the mel filters.

    Returns:
        `(bands, n // 160)`; about -1 … 1.

    Example:
        >>> log_mel(np.sin(np.arange(1600, dtype=np.float32))).shape
        (80, 10)
    """
    padded = np.pad(samples.astype(np.float64), _FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP][: len(samples) // _HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)
    power = np.abs(rfft(frames * window)) ** 2
    energy = np.log10(np.maximum(power @ _filters(bands).T, 1e-10))
    scaled = (np.maximum(energy, energy.max() - 8.0) + 4.0) / 4.0
    return np.ascontiguousarray(scaled.T, np.float32)


@lru_cache(maxsize=2)
def _filters(bands: int) -> NDArray[np.float64]:
    """Slaney's mel filters, `(bands, bins)`."""
    from librosa.filters import mel

    filters: NDArray[np.float64] = mel(sr=SAMPLE_RATE, n_fft=_FFT, n_mels=bands, dtype=np.float64)
    return filters


class Whisper:
    """A Whisper model, in float32 and on one thread, so that it gives the same bits each time.

    Args:
        folder: Of the model.
        device: `"cpu"` or `"cuda"`.

    Raises:
        CheckpointError: `missing_extra`, or `bad_encoder` when it can't be loaded.
    """

    def __init__(self, folder: Path, device: str) -> None:
        self._package = _weights.optional("ctranslate2", _EXTRA, "a Whisper model")
        kind, _, index = device.partition(":")
        try:
            self._model: Any = self._package.models.Whisper(
                str(folder),
                device=kind,
                device_index=int(index or 0),
                compute_type="float32",
                inter_threads=1,
                intra_threads=1,
            )
        except (RuntimeError, ValueError) as error:
            raise CheckpointError("bad_encoder", f"{folder}: {error}") from error
        self._folder = folder
        self._tokenizer: Any = None

    def encode(self, windows: Samples) -> Encodings:
        """Encodings of windows of equal length: `(windows, frames, dimensions)`, 50 frames/s."""
        return np.array(self._encode(windows), np.float32)

    def _encode(self, windows: Samples) -> Any:
        mels = np.stack([log_mel(window, self._model.n_mels) for window in windows])
        return self._model.encode(self._package.StorageView.from_array(mels), to_cpu=True)

    def transcribe(self, samples: Samples, language: str) -> str:
        """What is said, by greedy search: the same text each time.

        Args:
            samples: At 16 kHz; at most 30 s.
            language: Its code, such as `"en"`.

        Raises:
            CheckpointError: `missing_extra` or `missing_file` when there is no tokenizer,
                `bad_option` for a language that the model does not know.
        """
        if self._tokenizer is None:
            self._tokenizer = _tokenizer(self._folder / "tokenizer.json")
        prompt = ["<|startoftranscript|>"]
        if self._model.is_multilingual:
            prompt += [f"<|{language}|>", "<|transcribe|>"]
        prompt.append("<|notimestamps|>")
        numbers = [self._tokenizer.token_to_id(token) for token in prompt]
        if None in numbers:
            raise CheckpointError("bad_option", f"{self._folder}: no language {language!r}")
        padded = np.zeros((1, LONGEST), np.float32)  # the decoder was trained on 30 s
        padded[0, : len(samples)] = samples
        found = self._model.generate(self._encode(padded), [numbers], beam_size=1)
        text: str = self._tokenizer.decode(found[0].sequences_ids[0], skip_special_tokens=True)
        return text.strip()


def _tokenizer(path: Path) -> Any:
    package = _weights.optional("tokenizers", _EXTRA, "recognising words")
    if not path.is_file():
        raise CheckpointError("missing_file", f"{path}: needed to turn tokens into words")
    try:
        return package.Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises plain Exception
        raise CheckpointError("bad_encoder", f"{path}: {error}") from error
