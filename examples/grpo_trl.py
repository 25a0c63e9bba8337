# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""GRPO with TRL on a CPU: a tiny language model learns to speak by a reward model of speech.

    pip install 'speech-rewardkit[trl]'
    python -m examples.grpo_trl --steps 20

Run from the project's top folder. The policy is a randomly initialised causal model with a
vocabulary of syllables; what it writes, such as `a3 i5 _ o2`, is spoken by `examples.formant` and
judged in each dimension. Nothing is downloaded. It shows how the pieces fit together: what a
formant synthesiser says is far from any speech that a checkpoint was trained on, so the reward
model is loaded with `abstain=False`, which is nothing to do in earnest.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from examples.formant import SAMPLE_RATE, VOWELS, Syllable, synthesise
from rewardkit import RewardModel, torchaudio_cpu
from rewardkit.adapters.trl import reward_functions
from rewardkit.callable import RewardFunction

PITCHES: Final = tuple(90.0 * 2 ** (step / 6) for step in range(8))
"""In Hz, two semitones apart; a token's digit is its place here."""

PAUSE: Final = "_"
PROMPTS: Final = ("say", "ask", "tell", "call")
TOKENS: Final = ["<pad>", "<eos>", *PROMPTS, PAUSE] + [f"{v}{p}" for v in VOWELS for p in range(8)]


def render(completion: str, **columns: Any) -> tuple[Any, int] | None:  # noqa: ARG001
    """The sound of a completion; None when it has no syllable to voice."""
    syllables = []
    for token in completion.split():
        if token == PAUSE:
            syllables.append(Syllable(None))
        elif token[0] in VOWELS and token[1:].isdigit():
            syllables.append(Syllable(token[0], PITCHES[int(token[1:])]))
    if not any(syllable.vowel for syllable in syllables):
        return None
    return synthesise(syllables), SAMPLE_RATE


def policy() -> tuple[Any, Any]:
    """A causal model with 20,000 random weights, and its tokenizer of whole words."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = Tokenizer(WordLevel({token: i for i, token in enumerate(TOKENS)}, "<pad>"))
    words.pre_tokenizer = WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token=TOKENS[0], eos_token=TOKENS[1], padding_side="left"
    )
    config = LlamaConfig(
        vocab_size=len(TOKENS),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
    )
    return LlamaForCausalLM(config), tokenizer


def train(reward: RewardFunction, *, steps: int, folder: Path, seed: int = 0) -> Any:
    """Train the policy.

    Args:
        reward: Of what it says.
        steps: Optimiser steps, each on two groups of four completions.
        folder: For TRL's output.
        seed: Of the weights and of sampling.

    Returns:
        The trainer; `state.log_history` holds `rewards/<dimension>/mean` of each step.
    """
    torchaudio_cpu.prepare()  # transformers imports torchaudio
    from datasets import Dataset
    from transformers import PrinterCallback, set_seed
    from trl import GRPOConfig, GRPOTrainer

    set_seed(seed)
    model, tokenizer = policy()
    trainer = GRPOTrainer(
        model=model,
        processing_class=tokenizer,
        reward_funcs=reward_functions(reward, render),
        train_dataset=Dataset.from_dict({"prompt": list(PROMPTS) * 8}),
        args=GRPOConfig(
            output_dir=str(folder),
            max_steps=steps,
            per_device_train_batch_size=8,
            num_generations=4,
            max_completion_length=12,
            multi_objective_aggregation="normalize_then_sum",
            learning_rate=3e-3,
            temperature=1.0,
            beta=0.0,
            logging_steps=1,
            report_to="none",
            save_strategy="no",
            use_cpu=True,
            bf16=False,
            disable_tqdm=True,
            seed=seed,
        ),
    )
    trainer.remove_callback(PrinterCallback)  # the caller reads the history
    trainer.train()
    return trainer


def main() -> None:
    """Train, and say each step's rewards."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--checkpoint", default=None, help="a reward model; default: the shipped")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--output", type=Path, default=None, help="default: a temporary folder")
    options = parser.parse_args()
    model = RewardModel.from_pretrained(options.checkpoint, abstain=False)
    reward = model.reward_function(on_failure="none")
    with tempfile.TemporaryDirectory() as temporary:
        trainer = train(reward, steps=options.steps, folder=options.output or Path(temporary))
    for row in trainer.state.log_history:
        if "reward" in row:
            means = "  ".join(f"{d} {row[f'rewards/{d}/mean']:+.3f}" for d in reward.dimensions)
            sys.stdout.write(f"{row['step']:4d}  {means}  failed {row['rewardkit/failed']:.2f}\n")
    sys.stdout.write(f"{reward.clips} clips, without a reward: {dict(reward.failures)}\n")


if __name__ == "__main__":
    main()
