# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Training over several processes: each holds some of the rows, and sums are added up.

Newton's method needs sums over rows only: of the loss, its gradient and its Hessian. Where a
`torch.distributed` process group is up, each process takes every n-th row and the sums are
all-reduced; then all processes take the same step. Gradients averaged by DDP would not do, since
the Hessian has to be summed too. Start the processes with `torchrun`.
"""

from __future__ import annotations

import torch
from torch import Tensor


def rows() -> slice:
    """The rows of this process: every `world size`-th from its rank; all without a group."""
    if not _is_distributed():
        return slice(None)
    return slice(torch.distributed.get_rank(), None, torch.distributed.get_world_size())


def total(part: Tensor) -> Tensor:
    """The sum of every process's tensor, the same on each; the tensor itself without a group."""
    if not _is_distributed():
        return part
    whole = part.clone()
    torch.distributed.all_reduce(whole)
    return whole


def of_first(given: dict[str, Tensor] | None) -> dict[str, Tensor] | None:
    """What the first process gives, the same on each; what is given without a group."""
    if not _is_distributed():
        return given
    held = [given]
    torch.distributed.broadcast_object_list(held)
    return held[0]


def _is_distributed() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()
