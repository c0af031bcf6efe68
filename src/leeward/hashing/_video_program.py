"""Frames of a video by the FFmpeg programs, where PyAV is not installed.

The programs read one file, given as an open handle, through the decoder of the container that its
bytes state; no other protocol than that of files is allowed to them, so a video that names an
address gets nothing. They share the limits of the process that starts them and end with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import io
import math
import os
import queue
import re
import shutil
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

import msgspec
import numpy as np

from leeward.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import IO

    import numpy.typing as npt

    Grey = npt.NDArray[np.uint8]
    Pixels = npt.NDArray[np.uint8]

__all__ = ["Programs", "Stream", "find_programs", "handed_over", "program_frames", "stream_of"]

_PROBE_SECONDS: Final = 30
_MOST_TOLD: Final = 1 << 20
"""Bytes that are read of what ``ffprobe`` says."""

_DIE_WITH_PARENT: Final = 1
"""``PR_SET_PDEATHSIG`` of prctl(2)."""

_TIME_BASE: Final = re.compile(rb"config in time_base: (\d+)/(\d+)")
_SHOWN: Final = re.compile(rb"n: *\d+ pts: *(-?\d+|NOPTS) ")
_SAID_BY: Final = re.compile(rb"\[Parsed_showinfo_\d+ @ 0x[0-9a-f]+\] ")
"""How lines of the filter begin. Titles in a file are indented, so none can pretend to be one."""

_SEALS: Final = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW


class Programs(NamedTuple):
    """Where the two programs are."""

    ffmpeg: str
    ffprobe: str


class Stream(NamedTuple):
    """What a video states: pixels across and down as stored, and how it is turned, in degrees."""

    width: int
    height: int
    rotation: int


def find_programs() -> Programs | None:
    """The programs, where both are installed."""
    found = shutil.which("ffmpeg"), shutil.which("ffprobe")
    return Programs(*found) if found[0] and found[1] else None  # type: ignore[arg-type]  # both are there


@contextlib.contextmanager
def handed_over(data: bytes) -> Iterator[BinaryIO]:
    """Bytes as a file that exists in memory only and that nobody can change."""
    handle = os.memfd_create("leeward-video", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(handle, "w+b") as file:
        file.write(data)
        file.flush()
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
        file.seek(0)
        yield file


def stream_of(programs: Programs, file: BinaryIO, container: str, where: str | None) -> Stream:
    """What the first video stream of a file states.

    Raises:
        InputError: It has none, or cannot be read.
    """
    wanted = "stream=width,height:stream_side_data=rotation:stream_tags=rotate"
    command = [programs.ffprobe, *_QUIET, *_input(file, container)]
    command += ["-select_streams", "v:0", "-show_entries", wanted, "-of", "json"]
    try:
        said = subprocess.run(  # noqa: S603 - a program that we found, no word of a file
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[file.fileno()],
            timeout=_PROBE_SECONDS,
            check=True,
            preexec_fn=_end_with_parent,
            env=_ENVIRONMENT,
        ).stdout
        streams = msgspec.json.decode(said[:_MOST_TOLD])["streams"]
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError, KeyError):
        raise _undecodable(where) from None
    if not streams:
        raise InputError("the file has no video in it", where=where, hint="send the video again")
    first: dict[str, Any] = streams[0]
    turns = [side.get("rotation") for side in first.get("side_data_list", [])]
    rotation = next((turn for turn in turns if isinstance(turn, int | float)), 0)
    return Stream(int(first.get("width", 0)), int(first.get("height", 0)), round(rotation))


def program_frames(
    programs: Programs, file: BinaryIO, container: str, stream: Stream, small: int
) -> Generator[tuple[Pixels, Grey, float] | None, None, None]:
    """The frames: pixels as stored, a small grey picture, and seconds from the first one.

    At the end of the file comes None. Where a frame is broken they end without that.
    """
    reader, writer = os.pipe()
    grey = f"scale={small}:{small}:flags=bilinear,format=gray,showinfo=checksum=0"
    raw = ["-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo"]
    command = [programs.ffmpeg, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "info"]
    command += ["-xerror", "-threads", "1", "-noautorotate", *_input(file, container)]
    command += ["-vf", "scale=flags=bilinear,format=rgb24", *raw, "pipe:1"]
    command += ["-vf", grey, *raw, f"pipe:{writer}"]
    process = subprocess.Popen(  # noqa: S603 - a program that we found, no word of a file
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[file.fileno(), writer],
        preexec_fn=_end_with_parent,
        env=_ENVIRONMENT,
    )
    os.close(writer)
    try:
        with os.fdopen(reader, "rb") as greys:
            yield from _frames(process, greys, stream, small)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _frames(
    process: subprocess.Popen[bytes], greys: BinaryIO, stream: Stream, small: int
) -> Iterator[tuple[Pixels, Grey, float] | None]:
    assert process.stdout is not None  # noqa: S101 - asked for
    assert process.stderr is not None  # noqa: S101 - asked for
    seconds, pictures = queue.SimpleQueue[float | None](), queue.SimpleQueue[bytes | None]()
    readers = [
        threading.Thread(target=_read_times, args=(process.stderr, seconds), daemon=True),
        threading.Thread(target=_read_parts, args=(greys, small * small, pictures), daemon=True),
    ]
    for reader in readers:
        reader.start()
    shape = (stream.height, stream.width, 3)
    try:
        while len(octets := _part(process.stdout, math.prod(shape))) == math.prod(shape):
            shown, picture = seconds.get(), pictures.get()
            if shown is None or picture is None:
                return
            tiny = np.frombuffer(picture, np.uint8).reshape(small, small)
            yield np.frombuffer(octets, np.uint8).reshape(shape), tiny, shown
        if not octets and process.wait() == 0:
            yield None
    finally:
        process.kill()
        for reader in readers:
            reader.join()


def _read_times(pipe: IO[bytes], into: queue.SimpleQueue[float | None]) -> None:
    """The time of each frame, as the filter that shows them says; from the first one."""
    base, first = 0.0, 0.0
    began = False
    for line in pipe:
        said = _SAID_BY.match(line)
        if said is None:
            continue
        if match := _TIME_BASE.match(line, said.end()):
            base = int(match[1]) / max(1, int(match[2]))
        elif match := _SHOWN.match(line, said.end()):
            at = 0.0 if match[1] == b"NOPTS" else int(match[1]) * base
            first = first if began else at
            began = True
            into.put(max(0.0, at - first))
    into.put(None)


def _read_parts(pipe: IO[bytes], size: int, into: queue.SimpleQueue[bytes | None]) -> None:
    while len(part := _part(pipe, size)) == size:
        into.put(part)
    into.put(None)


def _part(pipe: IO[bytes], size: int) -> bytes:
    """So many bytes, or fewer at the end."""
    parts = io.BytesIO()
    while (left := size - parts.tell()) and (some := pipe.read(left)):
        parts.write(some)
    return parts.getvalue()


def _input(file: BinaryIO, container: str) -> list[str]:
    place = f"file:/proc/self/fd/{file.fileno()}"
    return ["-protocol_whitelist", "file", "-f", container, "-i", place]


def _end_with_parent() -> None:
    """End when the process that started us is gone, however that came."""
    _SYSTEM.prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _undecodable(where: str | None) -> InputError:
    return InputError(
        "the video cannot be decoded (by FFmpeg)",
        where=where,
        hint="send it again as an MP4, WebM or AVI file",
    )


_QUIET: Final = ["-hide_banner", "-loglevel", "quiet"]
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "AV_LOG_FORCE_NOCOLOR": "1"}
_SYSTEM: Final = ctypes.CDLL(None)
