# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the experiment: each variant with each seed; numbers, a figure, and what the monitor saw."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import examples.ppo
from examples.ppo import figure, judges, loop, sentences, summary
from examples.ppo.engine import CONTROLS
from rewardkit import RewardModel

NATURAL = [{"range": 1.0}.get(control.name, 0.0) for control in CONTROLS]
"""The setting at which a sentence is said as in its take."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments, run, write `ppo.json`, `ppo.png` and the monitor's logs."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.ppo",
        description=examples.ppo.__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--checkpoint", default="prosody", help="the reward model")
    parser.add_argument("--clips", type=Path, help="a folder of takes; default: examples/clips")
    parser.add_argument("--whisper", type=Path, help="a folder with a CTranslate2 Whisper model")
    parser.add_argument("--no-judges", action="store_true", help="ask no held-out judge")
    parser.add_argument("--variants", default="none,both", help=f"of {','.join(loop.VARIANTS)}")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=32, help="clips for each step")
    parser.add_argument("--every", type=int, default=5, help="steps between looks at held-out ones")
    parser.add_argument("--out", type=Path, required=True, help="a folder; made when absent")
    options = parser.parse_args(arguments)
    variants = options.variants.split(",")
    unknown = [name for name in variants if name not in loop.VARIANTS]
    if unknown or min(options.seeds, options.steps, options.every) < 1 or options.batch < 2:
        parser.error(f"no variant {unknown[0]!r}" if unknown else "counts must be positive")
    model = RewardModel.from_pretrained(options.checkpoint)
    material = sentences.folder(options.clips) if options.clips else sentences.shipped()
    held_out = {} if options.no_judges else judges.available(options.whisper)
    options.out.mkdir(parents=True, exist_ok=True)
    found, said = loop.hear(model, [each.say(NATURAL) for each in material[1]], held_out)
    runs: dict[str, list[list[dict[str, Any]]]] = {}
    for name in variants:
        for seed in range(options.seeds):
            log = options.out / f"monitor-{name}-{seed}.jsonl"
            log.unlink(missing_ok=True)
            rows = loop.run(
                model, material, loop.VARIANTS[name], steps=options.steps, batch=options.batch,
                every=options.every, seed=seed, judges=held_out, log=log,
            )  # fmt: skip
            runs.setdefault(name, []).append(rows)
            ends = f"{rows[0]['reward']:+.2f} to {rows[-1]['reward']:+.2f}"
            sys.stdout.write(f"{name} seed {seed}: reward on held-out sentences {ends}\n")
            sys.stdout.writelines(f"  alarm at {each}\n" for each in rows[-1]["alarms"])
    table = summary.summarise(runs, ["reward", *held_out])
    natural = {**found, **said}
    result = {
        "options": {key: str(value) for key, value in vars(options).items() if key != "out"},
        "held_out": [sentence.name for sentence in material[1]],
        "natural": natural,
        "summary": table,
        "runs": runs,
    }
    (options.out / "ppo.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    figure.draw(runs, {**natural, "range": 1.0}, list(held_out)).savefig(
        options.out / "ppo.png", dpi=110
    )
    recorded = "  ".join(f"{key} {number:+.2f}" for key, number in natural.items())
    sys.stdout.write(f"\n{summary.render(table)}\nas recorded: {recorded}\n")


if __name__ == "__main__":
    main()
