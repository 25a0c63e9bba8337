# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
import pytest

rewardkit_brightness = pytest.importorskip(
    "rewardkit_brightness", reason="the example plug-in is not installed"
)

from rewardkit.testing import CHECKS  # noqa: E402


@pytest.mark.parametrize("check", CHECKS)
def test_conforms(check):
    check(rewardkit_brightness.Brightness())
