# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Praat's analyses, rebuilt to run over batches of clips, each checked against Praat itself."""
