# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""What to watch while a policy is optimised against a reward.

Example:
    >>> from rewardkit.monitor import Monitor
    >>> monitor = Monitor()
    >>> monitor.update([0.5, 1.5, None], durations=[1.0, 2.0, 3.0])["mean/reward"]
    1.0
"""

from __future__ import annotations

from rewardkit.monitor.alarm import Alarm, Trend, trend
from rewardkit.monitor.monitor import Monitor
from rewardkit.monitor.watched import Watched

__all__ = ["Alarm", "Monitor", "Trend", "Watched", "trend"]
