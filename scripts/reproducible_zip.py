#!/usr/bin/env python3
"""Write a Lambda package that has the same bytes whenever the binary has the same bytes.

    reproducible_zip.py [--without-unwind-tables] BINARY OUT.zip

Terraform compares `source_code_hash`, so a zip that carries the time of the build would redeploy every
function on every build. Here the entry's time, mode, system and compression are fixed, and the file is put
in place in one step: a reader never sees half of it. Prints the size and the SHA-256 of the result.

`--without-unwind-tables` is for binaries whose panics end the process: the tables are a tenth of the package, and the compiler keeps
them all the same. Their sections stay where they are, empty: whoever looks for a frame finds none.
"""

import hashlib
import os
import struct
import sys
import tempfile
import zipfile
from pathlib import Path

# The earliest time a zip can hold; any fixed one would do.
EPOCH = (1980, 1, 1, 0, 0, 0)
UNIX = 3
REGULAR_FILE_755 = 0o100755


UNWIND_TABLES = (b".eh_frame", b".eh_frame_hdr", b".gcc_except_table")
#: ELF, 64 bits, little-endian: what Lambda runs.
ELF = b"\x7fELF\x02\x01"


def without_unwind_tables(binary: bytes) -> bytes:
    """`binary` with zeros in place of its unwind tables."""
    if not binary.startswith(ELF):
        raise OSError("the binary is no 64-bit little-endian ELF file")
    (headers,) = struct.unpack_from("<Q", binary, 0x28)
    size, count, names = struct.unpack_from("<HHH", binary, 0x3A)
    #: Name, offset and size of every section.
    sections = [struct.unpack_from("<I20xQQ", binary, headers + index * size) for index in range(count)]
    texts = sections[names][1]
    emptied = bytearray(binary)
    for name, offset, length in sections:
        start = texts + name
        if binary[start : binary.index(b"\0", start)] in UNWIND_TABLES:
            emptied[offset : offset + length] = bytes(length)
    return bytes(emptied)


def write(binary: bytes, out: Path) -> None:
    """Put `binary` into `out` under the one name that provided.al2023 starts: bootstrap."""
    entry = zipfile.ZipInfo("bootstrap", EPOCH)
    entry.create_system = UNIX
    entry.external_attr = REGULAR_FILE_755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED

    out.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=out.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            archive.writestr(entry, binary, compresslevel=9)
        os.chmod(draft, 0o644)  # mkstemp's 0600 would hide the package from other users
        os.replace(draft, out)
    except BaseException:
        os.unlink(draft)
        raise


def main(arguments: list[str]) -> int:
    lean = arguments[:1] == ["--without-unwind-tables"]
    files = arguments[1:] if lean else arguments
    if len(files) != 2:
        print(f"usage: {Path(__file__).name} [--without-unwind-tables] BINARY OUT.zip", file=sys.stderr)
        return 2
    out = Path(files[1])
    try:
        binary = Path(files[0]).read_bytes()
        write(without_unwind_tables(binary) if lean else binary, out)
    except OSError as error:
        print(f"{Path(__file__).name}: {error}", file=sys.stderr)
        return 1
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    print(f"{out.stat().st_size:>9} bytes  {digest}  {out.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
