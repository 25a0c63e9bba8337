# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scorers with networks, and pauses by silero, beside speechbrain's ECAPA-TDNN.

    REWARDKIT_DATA=../shared/data python -m benchmarks.networks

CPU time of one thread on stretches of 8 s, one clip a call, in turns. ECAPA-TDNN (Desplanques et
al. 2020; 512 channels, 80 mel bands) has random weights: its time does not depend on them. With
a GPU the scorers run on it once more, 1,024 clips in one batch, in elapsed time, beside the CPU,
and the largest difference between the two is shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from rewardkit_scorers.emotion import Emotion
from rewardkit_scorers.pitch import Pitch
from rewardkit_scorers.quality import Quality
from rewardkit_scorers.timing import Timing
from rewardkit_scorers.voice import Voice

from benchmarks import clips
from rewardkit.batch import Batch
from rewardkit.clip import Clip
from rewardkit.torchaudio_cpu import prepare

STRETCHES, SECONDS, MANY = 16, 8.0, 1024


def ecapa() -> Callable[[Clip], Any]:
    prepare()
    from speechbrain.lobes.features import Fbank
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN

    front = Fbank(n_mels=80)
    network = ECAPA_TDNN(80, channels=[512, 512, 512, 512, 1536], lin_neurons=192).eval()

    def run(clip: Clip) -> Any:
        with torch.inference_mode():
            return network(front(torch.from_numpy(clip.samples)[None]))

    return run


def on_cpu(made: list[Clip]) -> None:
    scorers = {
        "pitch": Pitch(),
        "timing (energy)": Timing(),
        "timing (silero)": Timing(vad="silero"),
        "voice": Voice(),
        "emotion": Emotion(),
        "quality": Quality(),
    }
    methods: dict[str, Callable[[Clip], Any]] = {
        name: lambda clip, scorer=scorer: scorer.score_batch(Batch([clip]))  # type: ignore[misc]
        for name, scorer in scorers.items()
    }
    methods["ECAPA-TDNN 512"] = ecapa()
    spent = dict.fromkeys(methods, 0.0)
    for method in methods.values():
        method(made[0])
    for clip in made:
        for name, method in methods.items():
            start = time.process_time()
            method(clip)
            spent[name] += time.process_time() - start
    print(f"{'':18}ms per clip  x real time  time relative to ECAPA")
    for name, seconds in spent.items():
        print(
            f"{name:18}{1000 * seconds / len(made):11.2f}  {SECONDS * len(made) / seconds:11.0f}"
            f"  {seconds / spent['ECAPA-TDNN 512']:22.3f}"
        )


def on_gpu() -> None:
    made = [Clip(samples, clips.RATE) for samples in clips.stretches(MANY, SECONDS)]
    print(f"\n{torch.cuda.get_device_name()}: {MANY} clips of {SECONDS:g} s")
    print(f"{'':18}GPU s   CPU s (128 clips, scaled)   largest relative difference")
    for scorer in (Pitch(), Timing(), Voice(), Emotion(), Quality()):
        scorer.score_batch(Batch(made[:8], "cuda"))
        scorer.score_batch(Batch(made[:2]))
        start = time.perf_counter()
        there = scorer.score_batch(Batch(made, "cuda"))
        gpu = time.perf_counter() - start
        start = time.perf_counter()
        here = scorer.score_batch(Batch(made[:128]))
        cpu = (time.perf_counter() - start) * MANY / 128
        scale = np.nanmax(np.abs(here), axis=0) + 1e-9
        differs = np.nanmax(np.abs(there[:128] - here) / scale)
        print(f"{scorer.name:18}{gpu:5.2f}   {cpu:26.2f}   {differs:.1e}")


def main() -> None:
    torch.set_num_threads(1)
    on_cpu([Clip(samples, clips.RATE) for samples in clips.stretches(STRETCHES, SECONDS)])
    if torch.cuda.is_available():
        on_gpu()
    else:
        print("no GPU here")


if __name__ == "__main__":
    main()
