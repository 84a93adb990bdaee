"""An HTTP API may have a route /health.

Gap: the emulator answers /health itself, whatever the host, so that the API's own route is never reached.
AWS: every path below an API's host name belongs to the API. The emulator's own health stays at /_ministack/health.
"""

from __future__ import annotations

import ministack.app as gateway


def apply() -> None:
    gateway._HEALTH_PATHS = tuple(path for path in gateway._HEALTH_PATHS if path != "/health")
