"""Draws a terminal session as SVG, for the README: make demo 2>&1 >/dev/null | python -m demo.picture > docs/demo.svg"""

from __future__ import annotations

import io
import re
import sys

from rich.console import Console
from rich.text import Text

#: Lines of cargo, Terraform and pip: true, and not the story.
NOISE = ("Compiling ", "Finished ", "Downloaded ", "Downloading ", "Updating ", "Locking ", " bytes  ")


def main() -> int:
    """Reads the story on standard input."""
    console = Console(record=True, width=110, file=io.StringIO(), force_terminal=True)
    for line in sys.stdin.read().splitlines():
        if not any(noise in line for noise in NOISE):
            style = "bold cyan" if "/8  " in line else ""
            console.print(Text(line, style=style))
    # Without its fonts, which would be fetched from elsewhere: the reader's own monospace does.
    print(re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="make demo"), flags=re.DOTALL))
    return 0


if __name__ == "__main__":
    sys.exit(main())
