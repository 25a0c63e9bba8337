# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`Groups`: things joined two at a time into groups (union-find)."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Groups(Generic[T]):
    """Disjoint sets with path halving and union by size.

    Source: R. E. Tarjan and J. van Leeuwen (1984), "Worst-case Analysis of Set Union Algorithms".

    Example:
        >>> groups: Groups[str] = Groups()
        >>> groups.join("a", "b")
        >>> groups.join("c", "d")
        >>> groups.find("a") == groups.find("b"), groups.sizes()
        (True, [2, 2])
    """

    def __init__(self) -> None:
        self._parent: dict[T, T] = {}
        self._size: dict[T, int] = {}  # of roots only

    def find(self, item: T) -> T:
        """The member that stands for the item's group; a new item is a group of its own."""
        parent = self._parent
        if item not in parent:
            parent[item] = item
            self._size[item] = 1
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def join(self, one: T, other: T) -> None:
        """Make one group of two items' groups."""
        small, large = sorted((self.find(one), self.find(other)), key=self._size.__getitem__)
        if small != large:
            self._parent[small] = large
            self._size[large] += self._size.pop(small)

    def sizes(self) -> list[int]:
        """The groups' sizes, largest first."""
        return sorted(self._size.values(), reverse=True)
