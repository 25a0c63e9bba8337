# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""`python -m rewardkit`."""

from rewardkit.cli import main

if __name__ == "__main__":
    main()
