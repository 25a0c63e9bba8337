# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""Can a reward be fooled? Known changes, the best of many candidates, a search for exploits."""

from rewardkit.audit.attack import Attack, Exploit, attack
from rewardkit.audit.best_of_n import BestOfN, Point, best_of_n
from rewardkit.audit.candidates import curve, drawn, recorded, versions
from rewardkit.audit.chain import Chain, available
from rewardkit.audit.held_out import HeldOut, default_judge, held_out
from rewardkit.audit.keep import keep
from rewardkit.audit.manipulation import Knob, Manipulation
from rewardkit.audit.relations import LEAST, NEEDED, TOLERANCE, Audit, Finding, audit
from rewardkit.audit.report import Report
from rewardkit.audit.search import Found, Goal, Objective, search

__all__ = [
    "LEAST",
    "NEEDED",
    "TOLERANCE",
    "Attack",
    "Audit",
    "BestOfN",
    "Chain",
    "Exploit",
    "Finding",
    "Found",
    "Goal",
    "HeldOut",
    "Knob",
    "Manipulation",
    "Objective",
    "Point",
    "Report",
    "attack",
    "audit",
    "available",
    "best_of_n",
    "curve",
    "default_judge",
    "drawn",
    "held_out",
    "keep",
    "recorded",
    "search",
    "versions",
]
