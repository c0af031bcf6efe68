"""A memory as bytes and back: equal memories give equal bytes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import msgspec
import numpy as np
from msgspec import Struct

from leeward.errors import Corrupt
from leeward.signals._behaviour_table import LIMIT, Table, pack, roomy, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    Array = npt.NDArray[Any]

__all__ = ["Head", "One", "arrays_of", "freeze", "restored", "thaw", "widened", "wrong_memory"]

Memory = TypeVar("Memory", bound=tuple[Any, ...])
_LENGTH: Final = 8
_DIGEST: Final = 32
_TYPES: Final = ("<u8", "<i8", "<f8", "<u4")


class One(NamedTuple):
    """A memory of one table."""

    table: Table


class Head(Struct, frozen=True, forbid_unknown_fields=True):
    """What stands before the arrays.

    Attributes:
        signal, version: Whose memory it is.
        mark: A hash of nothing under the key, by which another key is noticed.
        texts: Lists of strings that go with the arrays.
        shapes: The type and the shape of each array.
        rest: What else the signal keeps, encoded by itself.
    """

    signal: str
    version: str
    mark: int
    texts: tuple[tuple[str, ...], ...]
    shapes: tuple[tuple[str, tuple[int, ...]], ...]
    rest: bytes = b""

    def __repr__(self) -> str:
        """Whose it is: content stays out of ``repr``."""
        return f"<Head {self.signal}@{self.version}>"


def arrays_of(memory: tuple[Any, ...]) -> Iterator[Array]:
    """The arrays of a memory (a named tuple of tables, arrays and further memories), in order."""
    if isinstance(memory, Table):
        yield from pack(memory)
        return
    for part in memory:
        if isinstance(part, np.ndarray):
            yield part
        else:
            yield from arrays_of(part)


def restored(memory: Memory, arrays: Iterator[Array]) -> Memory:
    """A memory like the one given, holding what :func:`arrays_of` gave.

    Raises:
        ValueError: The arrays are not those of such a memory.
    """
    made: list[Any] = []
    for part in memory:
        if isinstance(part, Table):
            made.append(_table(part, next(arrays), next(arrays), next(arrays)))
        elif isinstance(part, np.ndarray):
            array = next(arrays)
            if array.shape != part.shape or array.dtype != part.dtype:
                raise ValueError("an array is of another kind")
            made.append(array)
        else:
            made.append(restored(part, arrays))
    return type(memory)(*made)


def widened(memory: Memory, more: int) -> Memory:
    """The memory with room for so many new keys in each table."""
    return type(memory)(
        *(
            roomy(part, more)
            if isinstance(part, Table)
            else part
            if isinstance(part, np.ndarray)
            else widened(part, more)
            for part in memory
        )
    )


def freeze(head: Head, arrays: Sequence[Array]) -> bytes:
    """The head and the arrays; the head's ``shapes`` are filled in."""
    shapes = tuple((array.dtype.newbyteorder("<").str, array.shape) for array in arrays)
    front = msgspec.msgpack.encode(msgspec.structs.replace(head, shapes=shapes))
    body = (np.ascontiguousarray(array).tobytes() for array in arrays)
    whole = b"".join((len(front).to_bytes(_LENGTH, "little"), front, *body))
    return whole + hashlib.sha256(whole).digest()


def thaw(saved: bytes, signal: str, version: str, mark: int) -> tuple[Head, list[Array]]:
    """What :func:`freeze` was given.

    Raises:
        Corrupt: The bytes are not as they were made, or of another signal, version or key.
    """
    saved, digest = saved[:-_DIGEST], saved[-_DIGEST:]
    if hashlib.sha256(saved).digest() != digest:
        raise _wrong(signal, "these bytes are not a signal's memory, or no longer what they were")
    try:
        end = _LENGTH + int.from_bytes(saved[:_LENGTH], "little")
        head = msgspec.msgpack.decode(saved[_LENGTH:end], type=Head)
        arrays = []
        for kind, shape in head.shapes:
            arrays.append(_array(saved, end, kind, shape))
            end += arrays[-1].nbytes
    except (msgspec.DecodeError, ValueError, OverflowError):
        raise wrong_memory(signal) from None
    if (head.signal, head.version, head.mark) != (signal, version, mark):
        raise _wrong(signal, "this is the memory of another signal, version or key")
    return head, arrays


def wrong_memory(signal: str) -> Corrupt:
    """The error for arrays that do not make a memory."""
    return _wrong(signal, "this memory has another form")


def _wrong(signal: str, message: str) -> Corrupt:
    return Corrupt(
        message, where=signal, hint="leave it out, and replay the log from its beginning"
    )


def _array(saved: bytes, start: int, kind: str, shape: tuple[int, ...]) -> Array:
    if kind not in _TYPES:
        raise ValueError("an array is of another kind")
    count = int(np.prod(shape, dtype=np.int64))
    return np.frombuffer(saved, kind, count, start).reshape(shape).copy()


def _table(like: Table, keys: Array, ints: Array, reals: Array) -> Table:
    most = int(like.state[LIMIT])
    good = (
        keys.ndim == 1
        and len(keys) == len(ints) == len(reals) <= most
        and ints.shape[1:] == like.ints.shape[1:]
        and reals.shape[1:] == like.reals.shape[1:]
        and keys.dtype == np.uint64
        and ints.dtype == np.int64
        and reals.dtype == np.float64
        and len(np.unique(keys)) == len(keys)
    )
    if not good:
        raise ValueError("a table is of another form")
    return unpack(most, keys, ints, reals)
