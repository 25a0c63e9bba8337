# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""HelpSteer3's preference subset, and records of its shape whose responses are clips.

`response1` and `response2` are the pair, `individual_preference` a list of objects whose `score`
says, from -3 (response 1 is much better) over 0 (about the same) to 3 (response 2 is much better),
what each annotator thought; they are not named. `overall_preference`, their mean, is used where
there is no such list. In the dataset itself the responses are texts: `validate` will say that
these are no files.

Source: https://huggingface.co/datasets/nvidia/HelpSteer3 (Wang et al. 2025, arXiv:2505.11475).
"""

from __future__ import annotations

from collections.abc import Iterator

from rewardkit.preferences.importers.source import Source, text_of
from rewardkit.preferences.issues import shown
from rewardkit.preferences.record import Preference


def read(source: Source) -> Iterator[Preference]:
    """A preference for each annotator."""
    for line, row in source.rows():
        a, b = (source.clip(row.get(name), line, name) for name in ("response1", "response2"))
        if a is None or b is None:
            continue
        each = row.get("individual_preference")
        scores = [row.get("overall_preference")]
        if isinstance(each, list) and each:
            scores = [one.get("score") if isinstance(one, dict) else one for one in each]
        for score in scores:
            if isinstance(score, bool) or not isinstance(score, (int, float)):
                source.bad(line, "wrong_type", f"a preference is {shown(score)}; -3 … 3")
            elif not -3 <= score <= 3:
                source.bad(line, "out_of_range", f"a preference is {shown(score)}; -3 … 3")
            else:
                win = 0.5 - (score > 0) / 2 + (score < 0) / 2
                yield from source.make(
                    line, a, b, win, dimension=source.dimension("overall"),
                    strength=abs(float(score)) or None, language=text_of(row.get("language")),
                    text=text_of(row.get("context")),
                )  # fmt: skip
