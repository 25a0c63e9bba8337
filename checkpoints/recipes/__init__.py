# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Commands that make what the shipped checkpoints are trained on, and the checkpoints.

Run them from the project's top folder: `python -m checkpoints.recipes.pairs --help`.
"""
