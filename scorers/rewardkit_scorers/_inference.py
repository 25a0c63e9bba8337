# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a network inside someone else's program: the same bits, and no traces left behind.

A reward is often computed in the middle of a training run, which has its own random state,
number of threads, default dtype and device, precision of products, and autocast. None of these
may change a number here, and nothing here may change them. In PyTorch on a CPU the last bits of a
convolution or a matrix product depend on the number of threads and on the batch shape ("Numerical
accuracy", PyTorch notes), so networks run on one thread, one window at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

_LOCK: Final = threading.RLock()
"""The number of threads and the default dtype belong to the process: one user at a time."""


@contextmanager
def construction() -> Iterator[None]:
    """In this block modules are built as float32 on the CPU; the random state is left alone."""
    import torch

    with _LOCK, torch.random.fork_rng(devices=[]), torch.device("cpu"):
        dtype = torch.get_default_dtype()
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)


@contextmanager
def inference(device: str) -> Iterator[None]:
    """In this block networks run without gradients, in float32, on one thread.

    Products are float32 too, not bfloat16 or TensorFloat-32; on a GPU the same holds for
    convolutions, and their algorithms are fixed.
    """
    import torch

    with ExitStack() as stack:
        stack.enter_context(_LOCK)
        threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
        stack.callback(torch.set_float32_matmul_precision, torch.get_float32_matmul_precision())
        torch.set_float32_matmul_precision("highest")
        stack.callback(torch.set_num_threads, threads)
        stack.callback(torch.set_default_dtype, dtype)
        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float32)
        stack.enter_context(torch.inference_mode())
        stack.enter_context(torch.device(device))
        kind = torch.device(device).type
        stack.enter_context(torch.autocast(kind, enabled=False))
        if kind == "cuda":
            stack.enter_context(
                torch.backends.cudnn.flags(
                    enabled=True, benchmark=False, deterministic=True, allow_tf32=False
                )
            )
        yield
