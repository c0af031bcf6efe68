"""The process that decodes what strangers send: ``python -m leeward.hashing._child``.

It loads everything first and then takes from itself what it no longer needs: memory beyond the
limit, writing files, leaving a core dump. It knows no secret and holds no file open. A timer ends
it if a file keeps it busy, even where its owner is gone.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import signal
import socket
import sys
from itertools import product
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from PIL import Image

from leeward.errors import InputError
from leeward.hashing._media import hash_media
from leeward.hashing._pdq import Turn, pdq, pdq_dihedral
from leeward.hashing._wire import READY, Reply, Request, receive, send

__all__ = ["main"]

_GRACE: Final = 2.0
"""Seconds that the owner has to end the process before it ends itself."""


def main() -> None:
    """Serve until the owner is gone."""
    descriptor, memory, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    _load()
    _confine(memory)
    decoder = msgspec.msgpack.Decoder(Request)
    encoder = msgspec.msgpack.Encoder()
    with socket.socket(fileno=descriptor) as owner:
        send(owner, READY)
        while (message := receive(owner)) is not None:
            data = receive(owner)
            signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE)
            reply = _reply(decoder.decode(message), bytes(data or b""))
            signal.setitimer(signal.ITIMER_REAL, 0)
            send(owner, encoder.encode(reply))
            if reply.exhausted:
                return


def _load() -> None:
    """Compile or load everything, for that takes memory which is not to be a file's."""
    Image.init()
    for package in ("av", "pillow_heif"):
        with contextlib.suppress(ImportError):
            importlib.import_module(package)
    # Kernels are compiled for each layout: some decoders give pixels that may not be written to.
    flat = np.zeros((65, 66, 3), np.uint8)
    for writable in (True, False):
        flat.flags.writeable = writable
        for turn in map(Turn._make, product((False, True), repeat=len(Turn._fields))):
            pdq(flat, turn)
            pdq_dihedral(flat, turn)


def _confine(memory: int) -> None:
    """Set the limits; they hold for what the libraries in C allocate too."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * os.sysconf("SC_PAGE_SIZE") + memory
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _reply(request: Request, data: bytes) -> Reply:
    source = data if request.path is None else Path(request.path)
    try:
        hashed = hash_media(
            source,
            dihedral=request.dihedral,
            limits=request.limits,
            video=request.video,
            where=request.where,
        )
    except InputError as error:
        return Reply(unreadable=error.message)
    except MemoryError:
        return Reply(exhausted=True)
    return Reply(hashed=hashed)


if __name__ == "__main__":
    main()
