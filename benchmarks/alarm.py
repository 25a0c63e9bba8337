# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The monitor's alarm: how often it rings for nothing, and how late it rings for something.

    python -m benchmarks.alarm

No audio: constructed sequences, with a window of 20 and a level of 0.001.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rewardkit.monitor.alarm import alarm

WINDOW: Final = 20
LEVEL: Final = 0.001
UPDATES: Final = 20_000
RUNS: Final = 200

Floats = NDArray[np.float64]


def rings(rewards: Floats, watched: Floats) -> NDArray[np.bool_]:
    """Whether an alarm is on at each update from the window's end on."""
    on = []
    for stop in range(WINDOW, len(rewards) + 1):
        steps = range(stop - WINDOW, stop)
        found = alarm(
            "it",
            [(step, float(rewards[step])) for step in steps],
            [(step, float(watched[step])) for step in steps],
            LEVEL,
        )
        on.append(found is not None)
    return np.array(on)


def noise(kind: str, rng: np.random.Generator) -> Floats:
    """Stationary noise: normal, a share of 32 clips, or with a memory of one update."""
    if kind == "share of 32":
        return rng.binomial(32, 0.95, UPDATES) / 32
    drawn = rng.normal(size=UPDATES)
    if kind.startswith("AR(1)"):
        for step in range(1, UPDATES):
            drawn[step] += 0.5 * drawn[step - 1]
    return drawn


def main() -> None:
    rng = np.random.default_rng(0)
    rising = np.arange(UPDATES, dtype=np.float64)
    print(f"{'watched':14}{'reward':12}{'updates with an alarm':>24}{'alarms that began':>20}")
    for kind in ("normal", "share of 32", "AR(1), 0.5"):
        for name, rewards in (("rising", rising), ("noise", rng.normal(size=UPDATES))):
            on = rings(rewards, noise(kind, rng))
            begun = np.count_nonzero(on[1:] & ~on[:-1]) + int(on[0])
            print(f"{kind:14}{name:12}{on.mean():24.5f}{begun / len(on):20.5f}")
    print("\nfalls by so many deviations in 20 updates, from update 40 on")
    print(f"{'fall':>6}{'rang within 40':>18}{'updates until then, median':>30}")
    for fall in (1.0, 2.0, 4.0, 8.0):
        late = []
        for _ in range(RUNS):
            steps = np.arange(81, dtype=np.float64)
            watched = -np.maximum(0, steps - 40) * fall / 20 + rng.normal(size=81)
            on = np.flatnonzero(rings(steps + rng.normal(size=81), watched)) + WINDOW - 1
            late.append(float(on[on >= 40][0]) - 40 if (on >= 40).any() else np.inf)
        share = np.isfinite(late).mean()
        print(f"{fall:6.0f}{share:18.2f}{np.median(late):30.0f}")


if __name__ == "__main__":
    main()
