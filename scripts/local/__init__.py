"""The local AWS: MiniStack, patched where it differs from what AWS documents."""
