"""The emulator's process: MiniStack with the patches, the faults and the control endpoints."""

from __future__ import annotations

import ministack.app as gateway

from local import control, faults, patches


def main() -> None:
    patches.apply()
    faults.apply()
    gateway.app = control.wrap(gateway.app)
    gateway.main()


if __name__ == "__main__":
    main()
