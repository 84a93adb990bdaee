"""python -m local plan | down | destroy: what can be done with the stack that `make demo` left running."""

from __future__ import annotations

import sys

from local import stack, terraform

HOME = stack.ROOT / ".local"


def main(command: str) -> int:
    running = stack.find(HOME)
    if running is None:
        print("no local AWS is running; `make demo` starts one", file=sys.stderr)
        return 0 if command == "down" else 1
    match command:
        case "plan":
            changed = terraform.plan(HOME)
            print("terraform would change something" if changed else "nothing would change")
            return 2 if changed else 0
        case "destroy":
            left = terraform.destroy(HOME)
            print("\n".join(left) if left else "destroyed; nothing is left")
            return 1 if left else 0
        case "down":
            running.stop()
            print("the local AWS is stopped")
            return 0
        case _:
            print(__doc__, file=sys.stderr)
            return 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1] if len(sys.argv) == 2 else ""))
    except terraform.TerraformError as error:
        sys.exit(str(error))
