# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transforms of rows, against numpy's and against themselves elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from rewardkit_scorers._fourier import good_size, irfft, rfft


@pytest.mark.parametrize("size", [1, 2, 15, 512, 720, 1024])
@pytest.mark.parametrize(("dtype", "within"), [(np.float32, 3e-7), (np.float64, 1e-15)])
def test_spectra_are_numpys_and_go_back(size, dtype, within):
    rows = np.random.default_rng(size).standard_normal((19, size)).astype(dtype)
    expected = np.fft.rfft(rows.astype(np.float64))
    spectra = rfft(rows)
    assert spectra.dtype == np.result_type(dtype, np.complex64)
    assert np.abs(spectra - expected).max() <= within * np.sqrt(size) * np.abs(expected).max()
    again = irfft(spectra, size)
    assert again.dtype == dtype
    assert np.abs(again - rows).max() <= 10 * within * np.abs(rows).max()
    assert np.abs(rfft(rows[0]) - expected[0]).max() <= within * size * np.abs(rows[0]).max()


@pytest.mark.parametrize("size", [200, 512, 1152])
def test_where_a_row_lies_does_not_show(size):
    rows = np.random.default_rng(0).standard_normal((64, size)).astype(np.float32)
    spectra = rfft(rows)
    back = irfft(spectra, size)
    for first, last in ((0, 1), (5, 8), (17, 64), (63, 64)):
        assert np.array_equal(rfft(rows[first:last]), spectra[first:last])
        assert np.array_equal(irfft(spectra[first:last], size), back[first:last])


def test_a_good_size_has_small_factors_only():
    for least in range(1, 3000, 37):
        size = good_size(least)
        assert size >= least
        for factor in (2, 3, 5):
            while size % factor == 0:
                size //= factor
        assert size == 1
