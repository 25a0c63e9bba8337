# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""A server of rewards over HTTP, for loops that do not run where the scorers do.

One process answers HTTP and judges; worker processes decode and measure. A request goes through
the parts in this order:

- `guard` refuses what may not come in: no token, too large, no room, a server that is stopping;
- `routes`, `loops` turn requests into jobs, and rewards into answers;
- `jobs` holds the jobs that wait, and deals them out in batches;
- `pool` keeps the workers busy and alive; `worker` is one of them, seen from both sides;
- `service` knows all of these; `run` serves until it is told to stop.
"""
