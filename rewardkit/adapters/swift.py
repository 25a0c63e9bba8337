# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""ms-swift: outcome reward models (ORM) for `--external_plugins file.py --reward_funcs name`.

ms-swift 4.6 looks the name up in `orms`, makes the class with the trainer's arguments and calls
it with `completions` and by keyword with the dataset's columns; it wants one float per completion
(`swift/rewards/orm.py`). A None or NaN among them is not left out: it spreads to every advantage.

```python
# my_plugin.py:  --external_plugins my_plugin.py --reward_funcs prosody emotion
from rewardkit import RewardModel
from rewardkit.adapters import swift

model = RewardModel.from_pretrained()
swift.register(model.reward_function(on_failure=-10.0), render)
```
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rewardkit.adapters import trl
from rewardkit.adapters.judging import Judge, Render, must_not_skip


def register(judge: Judge, render: Render, *, names: Sequence[str] | None = None) -> list[str]:
    """Put one ORM for each reward into ms-swift's `orms`.

    Args:
        judge: With `on_failure` `"raise"` or a penalty.
        render: Called with the completion and by keyword with the dataset's columns.
        names: As for `trl.reward_functions`: ms-swift's call is the older one of TRL.

    Returns:
        The names, for `--reward_funcs`.

    Raises:
        RewardkitError: `bad_option` for `on_failure="none"`.
        ImportError: Without ms-swift.
    """
    must_not_skip(judge, "ms-swift")
    from swift.rewards import ORM, orms  # type: ignore[import-not-found]

    registered = []
    for function in trl.reward_functions(judge, render, names=names):
        orms[function.__name__] = _orm(ORM, function)
        registered.append(function.__name__)
    return registered


def _orm(base: Any, function: Any) -> Any:
    def call(self: Any, completions: Sequence[Any], **columns: Any) -> list[float]:  # noqa: ARG001
        prompts = columns.pop("prompts", [None] * len(completions))
        numbers: list[float] = function(prompts=prompts, completions=completions, **columns)
        return numbers

    return type(function.__name__, (base,), {"__call__": call, "__doc__": function.__doc__})
