# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Keep what an attack found: sounds to listen to, and why the reward likes them."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rewardkit.audit.attack import Attack
from rewardkit.clip import Clip
from rewardkit.explain import explain
from rewardkit.files import replace
from rewardkit.model import RewardModel


def keep(attack: Attack, model: RewardModel, folder: Path) -> list[Path]:
    """Write each found clip beside the one it was made from, with the explanation of both.

    For the clip `name.flac` these are `01-name.before.wav`, `01-name.after.wav` and
    `01-name.json`; 32-bit float, so that a file has the very reward of the clip.

    Args:
        attack: What was found.
        model: The reward that was attacked.
        folder: Made when absent.

    Returns:
        The sounds that were found.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, exploit in enumerate(attack.exploits, 1):
        found = exploit.found
        stem = f"{number:02d}-{Path(found.start.source).stem.strip('<>') or 'clip'}"
        replace(folder / f"{stem}.before.wav", _wav(found.start))
        replace(folder / f"{stem}.after.wav", _wav(found.clip))
        about = exploit.to_json() | {
            "explanation": {
                "before": explain(model, found.start).to_json(),
                "after": explain(model, found.clip).to_json(),
            }
        }
        text = json.dumps(about, indent=2, ensure_ascii=False, allow_nan=False)
        replace(folder / f"{stem}.json", f"{text}\n".encode())
        written.append(folder / f"{stem}.after.wav")
    return written


def _wav(clip: Clip) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, clip.samples, clip.sample_rate, format="WAV", subtype="FLOAT")
    return file.getvalue()
