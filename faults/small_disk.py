"""A small file system for PostgreSQL's data that can be filled and emptied.

A tmpfs in a mount namespace of this process and its children; the kernel removes it when the last
of them ends. Needs Linux and root.
"""

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

CLONE_NEWNS = 0x00020000
FILLER = "filler"
PIECE_BYTES = 1 << 20


def can_mount() -> bool:
    """Return whether this process may mount file systems."""
    try:
        return subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0
    except FileNotFoundError:
        return False


class SmallDisk:
    """Mounts over the data folder of a store that is not running. Use it from the main thread."""

    def __init__(self, data: Path, megabytes: int):
        self._data = data
        before = data.with_name(f"{data.name}.before")
        data.rename(before)
        data.mkdir()
        _enter_namespace()
        options = f"size={megabytes}m,mode=0700"
        _run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(data))
        _run("cp", "-a", f"{before}/.", str(data))
        shutil.rmtree(before)

    @property
    def _filler(self) -> Path:
        return self._data / FILLER

    def fill(self) -> int:
        """Fill the file system to the last byte; return the number of bytes written."""
        taken = 0
        with self._filler.open("ab", buffering=0) as file:
            for size in (PIECE_BYTES, 1):
                piece = bytes(size)
                try:
                    while written := file.write(piece):
                        taken += written
                except OSError:
                    continue
        return taken

    def free(self) -> None:
        """Free the space that `fill` took."""
        self._filler.unlink(missing_ok=True)

    def unmount(self) -> None:
        """Unmount the file system, which deletes its contents."""
        _run("umount", "--lazy", str(self._data))


def _enter_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    _run("mount", "--make-rprivate", "/")


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
