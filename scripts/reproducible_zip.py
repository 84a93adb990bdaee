#!/usr/bin/env python3
"""Write a Lambda package that has the same bytes whenever the binary has the same bytes.

    reproducible_zip.py BINARY OUT.zip

Terraform compares `source_code_hash`, so a zip that carries the time of the build would redeploy every
function on every build. Here the entry's time, mode, system and compression are fixed, and the file is put
in place in one step: a reader never sees half of it. Prints the size and the SHA-256 of the result.
"""

import hashlib
import os
import sys
import tempfile
import zipfile
from pathlib import Path

# The earliest time a zip can hold; any fixed one would do.
EPOCH = (1980, 1, 1, 0, 0, 0)
UNIX = 3
REGULAR_FILE_755 = 0o100755


def write(binary: Path, out: Path) -> None:
    """Put `binary` into `out` under the one name that provided.al2023 starts: bootstrap."""
    entry = zipfile.ZipInfo("bootstrap", EPOCH)
    entry.create_system = UNIX
    entry.external_attr = REGULAR_FILE_755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED

    out.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=out.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            archive.writestr(entry, binary.read_bytes(), compresslevel=9)
        os.chmod(draft, 0o644)  # mkstemp's 0600 would hide the package from other users
        os.replace(draft, out)
    except BaseException:
        os.unlink(draft)
        raise


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(f"usage: {Path(__file__).name} BINARY OUT.zip", file=sys.stderr)
        return 2
    binary, out = Path(arguments[0]), Path(arguments[1])
    try:
        write(binary, out)
    except OSError as error:
        print(f"{Path(__file__).name}: {error}", file=sys.stderr)
        return 1
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    print(f"{out.stat().st_size:>9} bytes  {digest}  {out.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
