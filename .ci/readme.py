# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The README's commands, as a shell script: `readme.py install|test|rest README.md`.

A `console` block holds commands after `$ ` (continued after `> `) and their output. The block
under the comment `<!-- install -->` or `<!-- test -->` is printed on its own; `rest` is all
other blocks, with `python` blocks as they stand, in order.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[\w ]+) -->\n)?```(?P<kind>console|python)\n(?P<body>.*?)```", re.DOTALL
)


def commands(body: str) -> list[str]:
    """The commands of a console block, without prompts and output."""
    lines: list[str] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            lines.append(line[2:])
        elif line.startswith("> "):
            lines[-1] += "\n" + line[2:]
    return lines


def script(wanted: str, text: str) -> list[str]:
    """The lines of the script for `install`, `test` or `rest`."""
    found: list[str] = []
    for match in BLOCK.finditer(text):
        mark = match["mark"] or "rest"
        if mark != wanted:
            continue
        if match["kind"] == "console":
            found += commands(match["body"])
        else:
            found.append(f"python -c {shlex.quote(match['body'])}")
    if not found:
        raise SystemExit(f"no {wanted} block in the README")
    return found


if __name__ == "__main__":
    sys.stdout.write("\n".join(script(sys.argv[1], Path(sys.argv[2]).read_text("utf-8"))) + "\n")
