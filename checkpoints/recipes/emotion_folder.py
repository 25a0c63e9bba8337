# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write an encoder as a speechbrain model folder whose weights are safetensors, not pickles.

`EncoderClassifier.from_hparams(source=FOLDER, overrides={"pretrained_path": FOLDER})` loads it:
the YAML names `safetensors.torch.load_model` as the hook that fills each module. `config.json`
holds the same values for a loader that does not run HyperPyYAML.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from safetensors.torch import save_file

from checkpoints.recipes import emotion_data
from checkpoints.recipes.emotion_data import CLASSES
from checkpoints.recipes.emotion_model import SCALE_DB, SHIFT_DB, Encoder

AXES: Final = {
    "neutral": None,
    "happiness": 45,
    "surprise": 90,
    "anger": 135,
    "fear": 135,
    "disgust": 180,
    "sadness": 225,
    "calm": 315,
}
"""Angle on the circumplex of affect, degrees from pleasure (0) by way of arousal (90).

The octants are those of Russell 1980 ("A circumplex model of affect", J. Pers. Soc. Psychol. 39,
1161-1178): pleasure 0, excitement 45, arousal 90, distress 135, displeasure 180, depression 225,
sleepiness 270, relaxation 315. Which class goes to which octant is this recipe's choice; neutral
is the centre.
"""

_YAML: Final = """\
# Emotion encoder for speechbrain's EncoderClassifier. Weights are safetensors.
#   EncoderClassifier.from_hparams(source=FOLDER, overrides={{"pretrained_path": FOLDER}})
# Input: 16 kHz mono, trimmed and scaled as README.md says, one window at a time.
pretrained_path: {path}

compute_features: !new:speechbrain.lobes.features.Fbank
    sample_rate: {sample_rate}
    n_fft: {n_fft}
    n_mels: {n_mels}
    win_length: {win_length_ms}
    hop_length: {hop_length_ms}

set_floor: !apply:builtins.setattr
    - !ref <compute_features.compute_fbanks>
    - top_db
    - {top_db}

# Nothing to normalise: the input is levelled. The container takes the lengths and ignores them.
nothing: !new:torch.nn.Identity

mean_var_norm: !new:speechbrain.nnet.containers.LengthsCapableSequential
    - !ref <nothing>

embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
{ecapa}

linear: !new:torch.nn.Linear
    in_features: {embedding}
    out_features: {classes}

log_softmax: !new:torch.nn.LogSoftmax
    dim: -1

classifier: !new:torch.nn.Sequential
    - !ref <linear>
    - !ref <log_softmax>

label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder

modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    classifier: !ref <classifier>

pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
        classifier: !ref <classifier>
        label_encoder: !ref <label_encoder>
    paths:
        embedding_model: !ref <pretrained_path>/embedding_model.safetensors
        classifier: !ref <pretrained_path>/classifier.safetensors
        label_encoder: !ref <pretrained_path>/label_encoder.txt
    custom_hooks:
        embedding_model: !name:safetensors.torch.load_model
        classifier: !name:safetensors.torch.load_model
"""


def configuration(model: Encoder, corpus: str) -> dict[str, Any]:
    """What a loader needs besides the weights; lengths in samples unless named otherwise."""
    settings = model.settings
    return {
        "format": 1,
        "corpus": corpus,
        "classes": list(CLASSES[corpus]),
        "circumplex_degrees": [AXES[name] for name in CLASSES[corpus]],
        "sample_rate": emotion_data.SAMPLE_RATE,
        "trim": {
            "frame": emotion_data.TRIM_FRAME,
            "hop": emotion_data.TRIM_HOP,
            "below_loudest_db": emotion_data.TRIM_DB,
        },
        "rms": emotion_data.RMS,
        "window": settings.window_samples,
        "window_hop": settings.window_samples // 2,
        "fbank": {
            "sample_rate": emotion_data.SAMPLE_RATE,
            "n_fft": emotion_data.FFT_SIZE,
            "n_mels": emotion_data.MELS,
            "win_length": emotion_data.WINDOW_MS,
            "hop_length": emotion_data.HOP_MS,
        },
        "top_db": emotion_data.TOP_DB,
        "ecapa": settings.ecapa(),
    }


def write(model: Encoder, corpus: str, folder: Path) -> None:
    """Write weights, `config.json`, `hyperparams.yaml` and `label_encoder.txt` into a folder."""
    embedding = {
        name: tensor.clone() for name, tensor in model.embedding_model.state_dict().items()
    }
    first = "blocks.0.conv.conv"
    embedding[f"{first}.weight"] /= SCALE_DB
    embedding[f"{first}.bias"] -= SHIFT_DB * embedding[f"{first}.weight"].sum(dim=(1, 2))
    save_file(embedding, folder / "embedding_model.safetensors")
    linear = model.classifier.state_dict()
    save_file(
        {f"0.{name}": tensor for name, tensor in linear.items()}, folder / "classifier.safetensors"
    )
    for name in ("embedding_model", "classifier"):
        (folder / f"{name}.safetensors").chmod(0o644)  # safetensors leaves them to the owner alone
    config = configuration(model, corpus)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    ecapa = "\n".join(f"    {name}: {value}" for name, value in config["ecapa"].items())
    fbank = config["fbank"]
    text = _YAML.format(
        path=f"checkpoints/emotion-{'emodb' if corpus == 'emodb' else 'ravdess-nc'}",
        sample_rate=fbank["sample_rate"],
        n_fft=fbank["n_fft"],
        n_mels=fbank["n_mels"],
        win_length_ms=fbank["win_length"],
        hop_length_ms=fbank["hop_length"],
        top_db=config["top_db"],
        ecapa=ecapa,
        embedding=config["ecapa"]["lin_neurons"],
        classes=len(config["classes"]),
    )
    (folder / "hyperparams.yaml").write_text(text, encoding="utf-8")
    from speechbrain.dataio.encoder import CategoricalEncoder  # after emotion_data's guard

    labels = CategoricalEncoder()
    labels.update_from_iterable(CLASSES[corpus], sequence_input=False)
    labels.save(str(folder / "label_encoder.txt"))
