"""CloudWatch keeps five-minute points for 63 days.

Gap: the emulator drops every point after 14 days, so that a 14-day history shrinks while it is read.
AWS (CloudWatch user guide, "Metrics retention"): points with a period of five minutes are kept for 63 days.
"""

from __future__ import annotations

from ministack.services import cloudwatch


def apply() -> None:
    cloudwatch.TWO_WEEKS_SECONDS = 63 * 24 * 3600
