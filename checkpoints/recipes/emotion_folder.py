# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write an encoder as a speechbrain model folder whose weights are safetensors, not pickles.

`EncoderClassifier.from_hparams(source=FOLDER, overrides={"pretrained_path": FOLDER})` loads it
where rewardkit is installed: the YAML names `safetensors.torch.load_model` as the hook that fills
each module. `config.json` holds the same values for a loader that does not run HyperPyYAML.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import torch
from rewardkit_scorers._encoder_ours import CLASSIFIER, CONFIG, EMBEDDING, TRUNK
from safetensors.torch import save_file
from torch import Tensor

from checkpoints.recipes.emotion_data import CLASSES, RMS, SAMPLE_RATE, TRIM, WINDOW
from checkpoints.recipes.emotion_model import DIMENSIONS, Encoder, Floats
from checkpoints.recipes.emotion_trunk import SIZES

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
# Emotion encoder for speechbrain's EncoderClassifier; rewardkit must be installed.
#   EncoderClassifier.from_hparams(source=FOLDER, overrides={{"pretrained_path": FOLDER}})
# Input: 16 kHz mono, trimmed and scaled as README.md says, one window at a time.
pretrained_path: {path}

# From samples to the first layers of Whisper's encoder.
compute_features: !new:rewardkit_scorers._trunk.Trunk
{trunk}

# Nothing to normalise: the input is levelled. The container takes the lengths and ignores them.
nothing: !new:torch.nn.Identity

mean_var_norm: !new:speechbrain.nnet.containers.LengthsCapableSequential
    - !ref <nothing>

embedding_model: !new:rewardkit_scorers._trunk.Embedding
    width: {width}
    dimensions: {dimensions}

linear: !new:torch.nn.Linear
    in_features: {dimensions}
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
        compute_features: !ref <compute_features>
        embedding_model: !ref <embedding_model>
        classifier: !ref <classifier>
        label_encoder: !ref <label_encoder>
    paths:
        compute_features: !ref <pretrained_path>/trunk.safetensors
        embedding_model: !ref <pretrained_path>/embedding_model.safetensors
        classifier: !ref <pretrained_path>/classifier.safetensors
        label_encoder: !ref <pretrained_path>/label_encoder.txt
    custom_hooks:
        compute_features: !name:safetensors.torch.load_model
        embedding_model: !name:safetensors.torch.load_model
        classifier: !name:safetensors.torch.load_model
"""


_LICENSE: Final = """\
SPDX-FileCopyrightText: 2022 OpenAI
SPDX-License-Identifier: MIT

trunk.safetensors holds weights of whisper-base.

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def configuration(corpus: str, strength: int | None = None) -> dict[str, Any]:
    """What `config.json` holds; lengths in samples."""
    values = {
        "format": 2,
        "corpus": corpus,
        "classes": list(CLASSES[corpus]),
        "circumplex_degrees": [AXES[name] for name in CLASSES[corpus]],
        "sample_rate": SAMPLE_RATE,
        "trim": {
            "frame": TRIM["frame"], "hop": TRIM["hop"], "below_loudest_db": TRIM["below_loudest"],
        },
        "rms": RMS,
        "window": WINDOW,
        "window_hop": WINDOW,
        "trunk": SIZES,
        "dimensions": DIMENSIONS,
    }  # fmt: skip
    return values if strength is None else values | {"strength": strength}


def write_trunk(state: dict[str, Tensor], folder: Path) -> Path:
    """Write the trunk's weights into a folder, and their licence; gives the weights' path."""
    (folder / f"{TRUNK}.license").write_text(_LICENSE, encoding="utf-8")
    return _save(state, folder / TRUNK)


def write(encoder: Encoder, corpus: str, trunk: Path, folder: Path) -> None:
    """Write an encoder's folder.

    Args:
        encoder: What was trained.
        corpus: What it was trained on.
        trunk: The trunk's weights: in the folder already, or of the same file system, since they
            are linked into the folder and not stored twice.
        folder: Made if need be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if trunk.parent != folder:
        (folder / TRUNK).unlink(missing_ok=True)
        os.link(trunk, folder / TRUNK)
    maps = {"linear.weight": encoder.projection, "linear.bias": encoder.offset}
    _save(_single(maps), folder / EMBEDDING)
    _save(_single({"0.weight": encoder.weight, "0.bias": encoder.bias}), folder / CLASSIFIER)
    config = configuration(corpus, encoder.strength)
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    text = _YAML.format(
        path=f"checkpoints/emotion-{'emodb' if corpus == 'emodb' else 'ravdess-nc'}",
        trunk="\n".join(f"    {name}: {value}" for name, value in SIZES.items()),
        width=SIZES["width"],
        dimensions=DIMENSIONS,
        classes=len(CLASSES[corpus]),
    )
    (folder / "hyperparams.yaml").write_text(text, encoding="utf-8")
    lines = [f"'{name}' => {index}" for index, name in enumerate(CLASSES[corpus])]
    (folder / "label_encoder.txt").write_text(
        "\n".join([*lines, "=" * 16, "'starting_index' => 0", ""]), encoding="utf-8"
    )


def _single(arrays: dict[str, Floats]) -> dict[str, Tensor]:
    return {name: torch.tensor(array, dtype=torch.float32) for name, array in arrays.items()}


def _save(tensors: dict[str, Tensor], path: Path) -> Path:
    path.unlink(missing_ok=True)  # other folders may have a link to what was there
    save_file(tensors, path)
    path.chmod(0o644)  # safetensors leaves it to the owner alone
    return path
