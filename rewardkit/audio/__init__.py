# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The audio gate: files, bytes, arrays and tensors become clips, or fail with a stable code."""

from rewardkit.audio.gate import Source, read, read_windows, resample
from rewardkit.audio.limits import Limits

__all__ = ["Limits", "Source", "read", "read_windows", "resample"]
