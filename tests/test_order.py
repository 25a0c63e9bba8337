# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Jobs in order, whatever becomes of them in between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rewardkit.order import GROUP, Order


@given(st.integers(0, 60), st.integers(1, 20), st.integers(1, 4), st.randoms())
def test_every_result_comes_once_and_in_order(jobs, held, shares, random):
    drawn = []

    def source():
        for number in range(jobs):
            drawn.append(number)
            yield number

    order: Order[int, int] = Order(source(), held)
    away, found = [], []
    while True:
        order.draw()
        assert len(drawn) - len(found) <= held
        if order.finished:
            break
        if order.waiting and (not away or random.random() < 0.6):
            group = order.next(shares)
            assert 1 <= len(group) <= GROUP
            away.append(group)
            continue
        group = away.pop(random.randrange(len(away)))
        fate = random.random()
        if fate < 0.1:
            order.put_back(group)
        elif fate < 0.2:
            order.suspect(group)
        else:
            order.enter(group, [-number for number, _ in group])
        found += order.results()
    assert found == [-number for number in range(jobs)]


def test_a_suspect_is_tried_first_and_alone():
    order: Order[str, str] = Order("abcdef", held=6)
    order.draw()
    order.suspect(order.next(shares=2))
    assert [order.next(shares=1) for _ in range(3)] == [[(0, "a")], [(1, "b")], [(2, "c")]]
    assert order.next(shares=1) == [(3, "d"), (4, "e"), (5, "f")]


def test_what_was_not_begun_keeps_its_place():
    order: Order[str, str] = Order("abcdef", held=6)
    order.draw()
    order.put_back(order.next(shares=2))
    assert order.next(shares=6) == [(0, "a")]
