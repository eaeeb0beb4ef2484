"""Who holds a draft: one session writes it, and no session overwrites what another one wrote.

A hold is a lock on a file beside the draft, which the system lets go of when the process ends, however it ends. Where
locks cannot be had (a read-only folder, a file system without them) a hold still knows the draft as it last saw it,
and refuses to write over anything else.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from catalogs.toml_file import Fault, InputError
from wizard.store import write_whole

Stamp = tuple[int, int, int]
"""A file as it stood when it was seen: its inode, its time of change in ns, its size in bytes."""


class ChangedElsewhereError(InputError):
    """The draft is no longer as this session left it: another one wrote it meanwhile."""


class Hold:
    """A draft that this session may write, until it lets go."""

    def __init__(self, path: Path, lock: int | None) -> None:
        self.path, self.lock = path, lock
        self.seen = stamp(path)

    def write(self, text: str) -> None:
        """Write the draft whole, and as the newest of its folder even where the clock was set back.

        Raises ChangedElsewhereError when another session wrote it, InputError when it cannot be written.
        """
        if stamp(self.path) not in (None, self.seen):
            raise ChangedElsewhereError(Fault(str(self.path), "", "a draft written elsewhere", "another name"))
        write_whole(self.path, text)
        with suppress(OSError):
            _make_newest(self.path)
        self.seen = stamp(self.path)

    def remove(self) -> None:
        """Remove the draft, unless another session wrote it meanwhile; OSError when it cannot be removed."""
        if self.seen is not None and stamp(self.path) == self.seen:
            self.path.unlink()
            self.seen = None

    def let_go(self) -> None:
        """Let another session have the draft."""
        if self.lock is not None:
            with suppress(OSError):
                _lock_of(self.path).unlink()
            os.close(self.lock)
            self.lock = None


def hold(path: Path) -> Hold | None:
    """Take a draft, written already or not; None while another session holds it."""
    beside = _lock_of(path)
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return Hold(path, None)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        except OSError:  # a file system without locks
            os.close(lock)
            return Hold(path, None)
        with suppress(OSError):
            if os.fstat(lock).st_ino == beside.stat().st_ino:
                _sweep(path)
                return Hold(path, lock)
        os.close(lock)  # the one before removed the file as it let go: once more, on the new one


def held_elsewhere(path: Path) -> bool:
    """Whether another session holds a draft; nothing is taken or made."""
    try:
        lock = os.open(_lock_of(path), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(lock)
    return False


def stamp(path: Path) -> Stamp | None:
    """The file as it stands; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _lock_of(path: Path) -> Path:
    return path.with_name(f".{path.stem}.lock")


def _sweep(path: Path) -> None:
    """Remove what a session that was killed while it wrote has left of the draft."""
    for left in path.parent.glob(f".{path.name}.*.new"):
        with suppress(OSError):
            left.unlink()


def _make_newest(path: Path) -> None:
    """Give the draft a time after all others': the list puts the one written last first, by these times."""
    others = [other.stat().st_mtime_ns for other in path.parent.glob("*.toml") if other.name != path.name]
    found = path.stat()
    if others and max(others) >= found.st_mtime_ns:
        os.utime(path, ns=(found.st_atime_ns, max(others) + 1))
