# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A start leaves garbage collection as it found it."""

from __future__ import annotations

import gc
import weakref

import pytest

from rewardkit.startup import starting


class Node:
    """Refers to itself, so that only a search for cycles frees it."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def thaw() -> object:
    """What a test froze would never be collected in the tests after it."""
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.parametrize("enabled", [True, False])
def test_collection_is_as_before(enabled: bool) -> None:
    (gc.enable if enabled else gc.disable)()
    with starting():
        assert not gc.isenabled()
    assert gc.isenabled() is enabled


def test_collection_goes_on_after_an_error() -> None:
    with pytest.raises(KeyError), starting():
        raise KeyError
    assert gc.isenabled()


def test_what_was_made_stays_and_what_comes_after_is_collected() -> None:
    with starting():
        kept = weakref.ref(Node())
    later = weakref.ref(Node())
    gc.collect()
    assert kept() is not None
    assert later() is None
