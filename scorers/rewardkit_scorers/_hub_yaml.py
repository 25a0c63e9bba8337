# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a speechbrain `hyperparams.yaml` as data.

Such a file is HyperPyYAML: its tags (`!new:`, `!apply:`, `!name:`) call whatever function they
name, so loading a stranger's file as it was meant runs a stranger's code. Here a tag is a word
that is kept beside its value, for those to look at who want to know what was meant; nothing is
imported and nothing is called. PyYAML's safe loader refuses `!!python/…` tags by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rewardkit.errors import CheckpointError

_LARGEST: Final = 1 << 20
"""Bytes; the published files have two thousand."""

_REFERENCE: Final = re.compile(r"<(\w+)>")


@dataclass(frozen=True)
class Tagged:
    """A value that had a tag: `!new:torch.nn.Linear` is `Tagged("new:torch.nn.Linear", …)`."""

    tag: str
    value: Any


def read(path: Path) -> dict[str, Any]:
    """The top-level entries of the file.

    Raises:
        CheckpointError: `bad_encoder` when it is no YAML mapping, or names Python objects.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "hyperparams.yaml"
        >>> _ = path.write_text("seed: !apply:os.system [reboot]")
        >>> read(path)
        {'seed': Tagged(tag='apply:os.system', value=['reboot'])}
    """
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
        """As the safe loader, but tags that begin with ! are kept."""

    def tagged(loader: Any, suffix: str, node: Any) -> Tagged:
        if isinstance(node, yaml.MappingNode):
            return Tagged(suffix, loader.construct_mapping(node, deep=True))
        if isinstance(node, yaml.SequenceNode):
            return Tagged(suffix, loader.construct_sequence(node, deep=True))
        return Tagged(suffix, loader.construct_scalar(node))

    Loader.add_multi_constructor("!", tagged)
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"larger than {_LARGEST} bytes")
        values = yaml.load(path.read_text("utf-8"), Loader)  # noqa: S506 - a SafeLoader
    except (OSError, ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise CheckpointError("bad_encoder", f"{path}: {error}") from error
    if not isinstance(values, dict):
        raise CheckpointError("bad_encoder", f"{path}: holds no mapping")
    return values


def resolve(values: dict[str, Any], value: Any) -> Any:
    """Follow `!ref <name>` to the top-level entry of that name; other values as they are.

    Example:
        >>> resolve({"a": Tagged("ref", "<b>"), "b": 4}, Tagged("ref", "<a>"))
        4
    """
    for _ in range(len(values) + 1):
        if not (isinstance(value, Tagged) and value.tag == "ref"):
            return value
        name = _REFERENCE.fullmatch(str(value.value).strip())
        if name is None or name[1] not in values:
            return value
        value = values[name[1]]
    return None  # a circle


def module(values: dict[str, Any], name: str) -> tuple[str, dict[str, Any]] | None:
    """The class name, without its package, and the arguments of a module that a file describes.

    Args:
        values: From `read`.
        name: Of the top-level entry.

    Returns:
        None when there is no such entry, or it is not `!new:package.Class` with named arguments.

    Example:
        >>> values = {"n": 3, "pool": Tagged("new:x.Pool", {"size": Tagged("ref", "<n>")})}
        >>> module(values, "pool")
        ('Pool', {'size': 3})
    """
    entry = values.get(name)
    if not (isinstance(entry, Tagged) and entry.tag.startswith("new:")):
        return None
    if entry.value not in (None, "") and not isinstance(entry.value, dict):
        return None
    arguments = {str(key): resolve(values, value) for key, value in (entry.value or {}).items()}
    return entry.tag.rpartition(".")[2], arguments
