"""Memory that a thread uses again for the next picture.

Fresh memory is given page by page, which costs more than what PDQ then does with it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["scratch"]

_KEPT: Final = 16 << 20
"""Bytes kept for each purpose: a plane or the pixels of 4 megapixels. More is given back."""


class _Kept(threading.local):
    def __init__(self) -> None:
        self.memory: dict[str, npt.NDArray[np.uint8]] = {}


_kept: Final = _Kept()


def scratch(purpose: str, size: int) -> npt.NDArray[np.uint8]:
    """Bytes of any content, which the same thread's next call for this purpose gives anew.

    Args:
        purpose: Whose they are; two purposes never share.
        size: Bytes.
    """
    memory = _kept.memory.get(purpose)
    if memory is None or memory.size < size:
        memory = np.empty(size, np.uint8)
        if size <= _KEPT:
            _kept.memory[purpose] = memory
    return memory[:size]
