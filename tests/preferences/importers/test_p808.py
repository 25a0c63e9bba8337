# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The P.808 toolkit's files, with rows that are wrong in the middle."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewardkit.errors import PreferenceError
from rewardkit.preferences.importers import ImportOptions, convert
from tests.preferences.importers.made import lines, p808, short


def test_p808_acr(tmp_path: Path) -> None:
    site = "https://x.blob.core.windows.net/set"
    path = p808(
        tmp_path,
        f"H1,W1,A1,Approved,{site}/c01/s%201.wav,s 1.wav,5,MOS,c01",
        f"H1,W1,A1,Approved,{site}/c02/s2.wav,s2.wav,2,MOS,c02",
        f"H1,W1,A1,Approved,{site}/c03/s3.wav,s3.wav,2,MOS,c03",
        f"H2,W2,A2,Approved,{site}/c01/s1.wav,s1.wav,six,MOS,c01",
        f"H2,W2,A2,Approved,{site}/c02/s2.wav,s2.wav,6,MOS,c02",
        f"H2,,A2,Approved,{site}/c03/s3.wav,s3.wav,3,MOS,c03",
        f"H2,W2,A2,Approved,{site}/c03/s3.wav,s3.wav,3,MOS_SIG,c03",
        f"H2,W2,A2,Approved,{site}/c02/s2.wav,s2.wav,4,MOS_SIG,c02",
        "H2,W2",
    )
    clips = tmp_path / "wav"
    found = convert(path, "p808", ImportOptions(clips=clips), skip_errors=True)
    assert lines(found) == [
        (5, "wrong_type"), (6, "out_of_range"), (7, "missing_column"), (10, "bad_csv"),
    ]  # fmt: skip
    by_pair = {frozenset(short(p)[:2]): p for p in found.preferences}
    best = by_pair[frozenset({"s 1.wav", "s2.wav"})]
    assert Path(best.a if best.win else best.b) == clips / "s 1.wav"
    assert (best.margin, best.rater, best.dimension) == (3.0, "W1", "quality")
    assert {best.system_a, best.system_b} == {"c01", "c02"}
    assert sorted((p.rater, p.dimension, p.tie) for p in found.preferences) == [
        ("W1", "quality", 0.0), ("W1", "quality", 0.0), ("W1", "quality", 1.0), ("W2", "sig", 0.0)
    ]  # fmt: skip


def test_two_urls_of_one_name_are_no_clip(tmp_path: Path) -> None:
    site = "https://x.blob.core.windows.net"
    path = p808(
        tmp_path,
        f"H1,W1,A1,Approved,{site}/enhanced/clip01.wav,clip01.wav,5,MOS,c01",
        f"H1,W1,A1,Approved,{site}/noisy/clip01.wav,clip01.wav,1,MOS,c02",
        f"H1,W1,A1,Approved,{site}/noisy/clip02.wav,clip02.wav,3,MOS,c02",
        f"H2,W2,A1,Approved,{site}/enhanced/clip01.wav,clip01.wav,4,MOS,c01",
    )
    found = convert(path, "p808", skip_errors=True)
    assert lines(found) == [(3, "same_clip")]
    assert [frozenset(short(p)[:2]) for p in found.preferences] == [{"clip01.wav", "clip02.wav"}]
    references = tmp_path / "rating_clips_ccr.csv"
    references.write_text(f"rating_clips,references\n{site}/noisy/a.wav,{site}/clean/a.wav\n")
    with pytest.raises(PreferenceError, match=r"would both be 'a\.wav'"):
        convert(path, "p808", ImportOptions(references=references))


def test_p808_ccr(tmp_path: Path) -> None:
    """A positive vote: the processed clip is better; the page has turned the sign before."""
    references = tmp_path / "rating_clips_ccr.csv"
    references.write_text("rating_clips,references\nhttps://x/p1.wav,https://x/r1.wav\n"
                          "https://x/p2.wav,https://x/r2.wav\n")  # fmt: skip
    path = p808(
        tmp_path,
        "H1,W1,A1,Approved,https://x/p1.wav,p1.wav,-2,CMOS,",
        "H1,W1,A1,Approved,https://x/p2.wav,p2.wav,3,CMOS,",
        "H1,W2,A1,Approved,https://x/p2.wav,p2.wav,0,CMOS,",
        "H1,W2,A1,Approved,https://x/p9.wav,p9.wav,1,CMOS,",
        "H1,W2,A1,Approved,https://x/p1.wav,p1.wav,-4,CMOS,",
    )
    found = convert(path, "p808", ImportOptions(references=references), skip_errors=True)
    assert [(*short(p), p.strength, p.rater) for p in found.preferences] == [
        ("p1.wav", "r1.wav", 0.0, 2.0, "W1"),
        ("p2.wav", "r2.wav", 1.0, 3.0, "W1"),
        ("p2.wav", "r2.wav", 0.5, None, "W2"),
    ]
    assert lines(found) == [(5, "missing_clip"), (6, "out_of_range")]
    with pytest.raises(PreferenceError, match="rating_clips file"):
        convert(path, "p808")
