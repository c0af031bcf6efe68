"""Hashing in processes that can be killed without harm."""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import msgspec

from leeward.errors import DependencyDown, InputError, UsageError
from leeward.hashing._digests import digests
from leeward.hashing._formats import sniff
from leeward.hashing._limits import Limits
from leeward.hashing._media import Hashed
from leeward.hashing._video_program import find_programs, handed_over
from leeward.hashing._wire import READY, Reply, Request, receive, send

if TYPE_CHECKING:
    from types import TracebackType

    from leeward.hashing._video import VideoLimits

__all__ = ["MediaHasher"]

_START: Final = 120.0
"""Seconds in which a process has to load; compiling kernels for the first time takes most."""

_TRIES: Final = 2
"""A file is tried once more where its process ended: it may have been killed for another's."""

_LONGEST_REPLY: Final = 16 << 20
"""Bytes. A file that took over its process must not fill the memory of this one."""

_TOO_LONG: Final = "hashing the picture takes longer than is allowed"
_DEADLY: Final = "the picture ended two processes that tried to hash it"
_TOO_BIG: Final = "hashing the picture takes more memory than is allowed"


class MediaHasher:
    """Hashes files in processes of its own, each with a limit on memory and on time.

    Decoders read what strangers made. Whatever a file does to one, it happens in a process that
    holds nothing, is killed when its time is over, and is replaced. Calls from several threads
    share the processes; a call waits for a free one.

    Args:
        workers: Processes.
        memory: Bytes that a file may take in one, beyond what it needs for itself.
        seconds: That a file may take.
        limits: What a picture may ask for, checked before it is decoded.
        video: What a video may ask for; without it, a video has its digests only. A video takes
            about as long as a fiftieth of its length, so give it more seconds.

    Raises:
        UsageError: A number is below what makes sense.
    """

    def __init__(
        self,
        workers: int = 1,
        *,
        memory: int = 2 << 30,
        seconds: float = 20.0,
        limits: Limits | None = None,
        video: VideoLimits | None = None,
    ) -> None:
        if workers < 1 or memory < 1 or seconds <= 0:
            raise UsageError(
                "a hasher needs at least one worker, some memory and some time",
                hint="give workers >= 1, memory in bytes and seconds > 0",
            )
        self._limits, self._video = limits or Limits(), video
        self._seconds = seconds
        self._all = [_Worker(memory, seconds) for _ in range(workers)]
        self._free: queue.LifoQueue[_Worker] = queue.LifoQueue()
        for worker in self._all:
            self._free.put(worker)
        self._closed = False

    def hash(
        self, source: bytes | Path, *, dihedral: bool = False, where: str | None = None
    ) -> Hashed:
        """Hash one file.

        Args:
            source: The whole file, or where it lies.
            dihedral: Hash the eight positions of a picture as well.
            where: What an error calls it; the path where not given.

        Returns:
            Its digests, always; and its looks, or why they are not known.

        Raises:
            InputError: The file cannot be read.
            UsageError: The hasher is closed.
            DependencyDown: No process can be started.
        """
        if isinstance(source, bytes) and self._video is not None and _needs_file(source):
            # The process may write no file, not even one in memory.
            with handed_over(source) as file:
                handed = Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")
                return self.hash(handed, dihedral=dihedral, where=where)
        path = str(source) if isinstance(source, Path) else None
        request = Request(path, dihedral, self._limits, self._video, where)
        data = b"" if isinstance(source, Path) else source
        worker = self._free.get()
        try:
            if self._closed:
                raise UsageError("the hasher is closed", hint="make a new one")
            reply, refusal = worker.ask(msgspec.msgpack.encode(request), data)
        finally:
            self._free.put(worker)
        if reply.unreadable is not None:
            raise InputError(
                reply.unreadable, where=where or path, hint="check the path and who may read it"
            )
        return reply.hashed or Hashed(digests(source), refused=refusal)

    def close(self) -> None:
        """End the processes. Calls that are under way are waited for."""
        self._closed = True
        for worker in [self._free.get() for _ in self._all]:
            worker.close()
            self._free.put(worker)  # for calls that wait, which then see that it is closed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _: type[BaseException] | None,
        __: BaseException | None,
        ___: TracebackType | None,
    ) -> None:
        self.close()


def _needs_file(data: bytes) -> bool:
    """Whether some bytes are a video that only FFmpeg's programs can decode here."""
    is_video = (sniff(data[:512]) or "").startswith("video/")
    return is_video and find_spec("av") is None and find_programs() is not None


class _Worker:
    """One process, and its replacement when it is gone."""

    def __init__(self, memory: int, seconds: float) -> None:
        self._arguments = [str(memory), str(seconds)]
        self._seconds = seconds
        self._decoder = msgspec.msgpack.Decoder(Reply)
        self._ready = False
        self._begin()

    def ask(self, request: bytes, data: bytes) -> tuple[Reply, str]:
        """Have a file hashed; where nothing came of it, say why."""
        for _ in range(_TRIES):
            self._await_start()
            try:
                reply = self._exchange(request, data)
            except TimeoutError:
                self._replace()
                return Reply(), _TOO_LONG
            except (OSError, msgspec.MsgspecError):
                reply = None
            if reply is None or reply.exhausted:
                self._replace()
            if reply is not None:
                return reply, _TOO_BIG
        return Reply(), _DEADLY

    def close(self) -> None:
        """End the process and wait for it."""
        self._connection.close()
        self._process.kill()
        self._process.wait()

    def _begin(self) -> None:
        """Start a process, without waiting until it has loaded."""
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "leeward.hashing._child", str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [*command, *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._connection, self._ready = ours, False

    def _await_start(self) -> None:
        """Wait until the process has loaded.

        Raises:
            DependencyDown: It does not.
        """
        if self._ready:
            return
        self._connection.settimeout(_START)
        try:
            self._ready = bytes(receive(self._connection, len(READY)) or b"") == READY
        except OSError:
            self._ready = False
        if not self._ready:
            self._replace()
            raise DependencyDown(
                "the process that hashes pictures does not start",
                hint="run `python -m leeward.hashing._child` and see what it says",
            )

    def _exchange(self, request: bytes, data: bytes) -> Reply | None:
        deadline = time.monotonic() + self._seconds
        self._connection.settimeout(self._seconds)
        send(self._connection, request)
        send(self._connection, data)
        self._connection.settimeout(max(0.001, deadline - time.monotonic()))
        message = receive(self._connection, _LONGEST_REPLY)
        return None if message is None else self._decoder.decode(message)

    def _replace(self) -> None:
        self.close()
        self._begin()
