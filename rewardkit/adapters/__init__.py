# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Adapters: a reward in the form that a policy-optimisation loop calls, one module per loop.

They translate names and failures and hold no logic. Each takes a `Judge`, which is a
`rewardkit.callable.RewardFunction` or a `rewardkit.composite.Composite`, and a `Render`, the
user's function that turns what the policy generated into sound.
"""

from __future__ import annotations

from rewardkit.adapters.judging import Judge, Render

__all__ = ["Judge", "Render"]
