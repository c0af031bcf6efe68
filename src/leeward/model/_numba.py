"""Compiling kernels, and reading Arrow strings inside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    import pyarrow as pa

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["kernel", "string_buffers"]


def kernel(function: F) -> F:
    """Compile ``function`` to machine code that runs without the interpreter lock.

    The code is cached on disk; where no folder can be written it is compiled at each start.
    """
    try:
        compiled = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        compiled = numba.njit(nogil=True)(function)
    return cast("F", compiled)


def string_buffers(array: pa.Array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """The offsets (n + 1) and the bytes of a string array, without a copy.

    A null counts as an empty string.
    """
    _, offsets, data = array.buffers()
    if offsets is None or len(array) == 0:
        return np.zeros(len(array) + 1, np.int32), np.empty(0, np.uint8)
    starts = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    octets = np.empty(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return starts, octets
