"""SHA-256 of model files, with progress, cancellation, and a cache that avoids reading an unchanged file again.

Of a safetensors file the body, everything behind the header, is hashed in the same pass: trainers and Civitai state
that hash too, and it stays the same when a tool rewrites the header. With the extra ``blake3``, so is BLAKE3 of the
whole: StabilityMatrix, ComfyUI and InvokeAI state that.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from typing import Any, Protocol

from core.domain.hashes import FileHashes
from core.errors import Cancelled, ModelFileError
from core.files.safe_open import fingerprint, open_model, stamp_of_stat
from core.headers import safetensors
from core.headers.header import HeaderUnreadable

try:
    from blake3 import blake3
except ImportError:  # the extra is not installed
    blake3 = None  # type: ignore[assignment, misc]

_CHUNK = 1024 * 1024  # large enough for two threads to hash at full speed: hashlib releases the GIL
_WITH_BODY = (".safetensors", ".sft")
_WORTH_A_THREAD = 256 * 1024
_TICK_NS = 20_000_000  # the coarsest clock that Linux uses for file times has a resolution of 10 ms

Progress = Callable[[int, int], None]  # bytes read, bytes in total


class HashCache(Protocol):
    """Where computed hashes are kept, by path and stamp (see ``core.files.safe_open.stamp_of_stat``)."""

    def get(self, path: str, stamp: str) -> str | None:
        """Return the hash computed from the file at ``path`` when it had this stamp, or None."""

    def put(self, path: str, hashes: FileHashes, cancel: threading.Event | None = None) -> None:
        """Store computed hashes; may raise Cancelled while waiting."""


def hash_file(path: str, *, cancel: threading.Event | None = None, progress: Progress | None = None) -> tuple[str, str]:
    """Read a model file and return its SHA-256 and its stamp; raises as ``hash_both`` does."""
    found = hash_both(path, cancel=cancel, progress=progress)
    return found.sha256, found.stamp


def hash_both(path: str, *, cancel: threading.Event | None = None, progress: Progress | None = None) -> FileHashes:
    """Read a model file once and return its hashes.

    Raises ModelFileError if it cannot be read or changed meanwhile, Cancelled if ``cancel`` was set.
    """
    with open(open_model(path), "rb", buffering=0) as file:
        _wait_for_new_timestamp(os.fstat(file.fileno()).st_ctime_ns)
        before = os.fstat(file.fileno())
        digest, buffer, done = hashlib.sha256(), memoryview(bytearray(_CHUNK)), 0
        body, second = _Body(_begin_of_body(file, path, before.st_size)), None if blake3 is None else blake3()
        while True:
            if cancel is not None and cancel.is_set():
                raise Cancelled("hashing was cancelled")
            try:
                count = file.readinto(buffer)
            except OSError as error:
                raise ModelFileError(f"the model file cannot be read ({error.strerror})") from error
            if not count or done > before.st_size:  # a file that grows faster than it is read would never end
                break
            with body.beside(buffer[:count], done), _beside(second, buffer[:count]):
                digest.update(buffer[:count])
            done += count
            if progress is not None:
                progress(done, before.st_size)
        stamp = stamp_of_stat(before)
        if stamp != stamp_of_stat(os.fstat(file.fileno())) or stamp != fingerprint(path) or done != before.st_size:
            raise ModelFileError("the model file changed while it was read; try again when nothing writes to it")
    return FileHashes(digest.hexdigest(), body.digest(), stamp, None if second is None else second.hexdigest())


@contextmanager
def _beside(hash_: Any, piece: memoryview) -> Iterator[None]:
    """Add a piece to a hash, if there is one, in a thread of its own while the block works on the same piece."""
    if hash_ is None or len(piece) < _WORTH_A_THREAD:
        if hash_ is not None:
            hash_.update(piece)
        yield
        return
    thread = threading.Thread(target=hash_.update, args=(piece,), name="hashing-beside")
    thread.start()
    try:
        yield
    finally:
        thread.join()  # the piece is read over next


class _Body:
    """The hash of the body of a safetensors file, which begins at byte ``begin``; None for a file without one."""

    def __init__(self, begin: int | None) -> None:
        self._begin = begin
        self._hash = hashlib.sha256()

    @contextmanager
    def beside(self, piece: memoryview, offset: int) -> Iterator[None]:
        """Add what is of the body in the next piece of the file, while the block works on the same piece."""
        if self._begin is None or self._begin >= offset + len(piece):
            yield
            return
        with _beside(self._hash, piece[max(self._begin - offset, 0) :]):
            yield

    def digest(self) -> str | None:
        """Return the hash of the body, None if the file has none."""
        return None if self._begin is None else self._hash.hexdigest()


def _begin_of_body(file: FileIO, path: str, size: int) -> int | None:
    """Return the offset in bytes of a safetensors file's body, and rewind the file.

    A file that is cut short, or whose header cannot be read, has no body: two different ones could look equal.
    """
    if not path.lower().endswith(_WITH_BODY):
        return None
    try:
        with open(file.fileno(), "rb", closefd=False) as buffered:
            header = safetensors.read(buffered, size)
    except (HeaderUnreadable, OSError):  # hashing, which comes next, reports a file that cannot be read
        return None
    finally:
        file.seek(0)
    return header.body if header.body < size and header.size <= size else None


def _wait_for_new_timestamp(changed: int) -> None:
    """Wait until a change made now would get a different time from the one made at ``changed`` (ns since 1970).

    A file system's clock advances in steps of some ms: two changes within one step would leave the same stamp.
    """
    age = time.time_ns() - changed
    if 0 <= age < _TICK_NS:
        time.sleep((_TICK_NS - age) / 1e9)


class Hasher:
    """Hashes model files, reading each only once as long as it is unchanged."""

    def __init__(self, memory: HashCache) -> None:
        self._memory = memory
        self._unkept: dict[str, FileHashes] = {}  # by path, until they can be cached

    def cached_hash(self, path: str) -> str | None:
        """Return the cached hash if the file is unchanged, or None; the file's content is not read."""
        stamp = fingerprint(path)
        return None if stamp is None else self._memory.get(path, stamp)

    def sha256(self, path: str, *, cancel: threading.Event | None = None, progress: Progress | None = None) -> str:
        """Return the SHA-256 of the file, computing it if necessary; raises as ``hash_file`` does.

        Also raises any error of the cache when it cannot store the hash, which is then not computed again next time.
        """
        known = self.cached_hash(path)
        if known is not None:
            return known
        found = self._unkept.get(path)
        if found is None or found.stamp != fingerprint(path):
            found = hash_both(path, cancel=cancel, progress=progress)
        self._unkept[path] = found
        self._memory.put(path, found, cancel)
        self._unkept.pop(path, None)
        return found.sha256
