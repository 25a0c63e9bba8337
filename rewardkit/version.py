# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The version, in one place: the build reads it from here."""

VERSION = "0.1.0.dev0"
