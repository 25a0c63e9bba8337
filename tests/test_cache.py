# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The feature cache: what is kept comes back bit for bit, what is damaged does not."""

from __future__ import annotations

import multiprocessing
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rewardkit.cache import FeatureCache

VALUES = np.array([1.5, np.nan, -0.0, 3e-40], np.float32)


def test_round_trip_is_bit_exact(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cache.sqlite"
    with FeatureCache(path) as cache:
        cache.put("s", {"c": VALUES})
    with FeatureCache(path) as cache:
        assert cache.get("s", ["c", "d"])["c"].tobytes() == VALUES.tobytes()
        assert cache.get("other", ["c"]) == {}


def test_many_keys_in_one_query(tmp_path: Path) -> None:
    with FeatureCache(tmp_path / "c.sqlite") as cache:
        cache.put("s", {str(i): np.float32([i]) for i in range(2500)})
        assert len(cache.get("s", [str(i) for i in range(3000)])) == 2500


def test_a_row_with_a_bad_crc_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with FeatureCache(path) as cache:
        cache.put("s", {"good": VALUES, "bad": VALUES})
    with sqlite3.connect(path) as db:
        db.execute("UPDATE features SET data = ? WHERE clip = 'bad'", (b"\x00" * 16,))
    db.close()
    with FeatureCache(path) as cache:
        assert set(cache.get("s", ["good", "bad"])) == {"good"}


def test_a_file_that_is_no_database_is_set_aside_and_rebuilt(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"this is not a database at all" * 100)
    with pytest.warns(UserWarning, match="set aside"), FeatureCache(path) as cache:
        cache.put("s", {"c": VALUES})
        assert set(cache.get("s", ["c"])) == {"c"}
    assert [p.read_bytes()[:7] for p in tmp_path.glob("*.corrupt-*")] == [b"this is"]


def test_damage_found_in_use_is_set_aside_and_rebuilt(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with FeatureCache(path) as cache:
        cache.put("s", {str(i): np.zeros(300, np.float32) for i in range(200)})
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(bytes(data))
    with pytest.warns(UserWarning, match="set aside"), FeatureCache(path) as cache:
        assert cache.get("s", [str(i) for i in range(200)]) == {}
        cache.put("s", {"new": VALUES})
        assert set(cache.get("s", ["new"])) == {"new"}


def test_a_full_disk_only_means_that_nothing_is_kept(tmp_path: Path) -> None:
    with FeatureCache(tmp_path / "c.sqlite") as cache:
        assert cache._db is not None
        pages = cache._db.execute("PRAGMA page_count").fetchone()[0]
        cache._db.execute(f"PRAGMA max_page_count = {pages}")
        rows = {str(i): np.zeros(4000, np.float32) for i in range(50)}
        with pytest.warns(UserWarning, match="going on without"):
            cache.put("s", rows)
        assert cache.get("s", ["1"]) == {}


def test_a_folder_that_cannot_be_made_only_means_that_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.warns(UserWarning, match="going on without") as said:
        cache = FeatureCache(tmp_path / "file" / "c.sqlite")
    assert said[0].filename == __file__
    cache.put("s", {"c": VALUES})
    assert cache.get("s", ["c"]) == {}
    cache.close()


def test_threads_may_share_a_cache(tmp_path: Path) -> None:
    with FeatureCache(tmp_path / "c.sqlite") as cache, ThreadPoolExecutor(8) as pool:

        def use(number: int) -> list[float]:
            cache.put("s", {str(number): np.float32([number])})
            return cache.get("s", [str(number)])[str(number)].tolist()

        assert list(pool.map(use, range(200))) == [[float(n)] for n in range(200)]


def _write(path: str, writer: int, clips: int) -> None:
    with FeatureCache(path) as cache:
        for clip in range(clips):
            cache.put("s", {f"{writer}-{clip}": np.float32([writer, clip])})


def test_eight_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "c.sqlite")
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write, args=(path, w, 40)) for w in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [w.exitcode for w in writers] == [0] * 8
    with FeatureCache(path) as cache:
        keys = [f"{w}-{c}" for w in range(8) for c in range(40)]
        found = cache.get("s", keys)
    assert {k: v.tolist() for k, v in found.items()} == {
        k: [float(x) for x in k.split("-")] for k in keys
    }
