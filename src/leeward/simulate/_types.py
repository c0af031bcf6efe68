"""Names for arrays of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np
    import numpy.typing as npt

    Mask: TypeAlias = npt.NDArray[np.bool_]
    Octets: TypeAlias = npt.NDArray[np.uint8]
    Shorts: TypeAlias = npt.NDArray[np.uint16]
    Ints: TypeAlias = npt.NDArray[np.int32]
    Longs: TypeAlias = npt.NDArray[np.int64]
    Keys: TypeAlias = npt.NDArray[np.uint64]
    Floats: TypeAlias = npt.NDArray[np.float64]
    Accounts: TypeAlias = npt.NDArray[np.integer[Any]]
    """Numbers of accounts, of any width."""
    Whole: TypeAlias = int | np.integer[Any]
    """A whole number, as an element of an array or not."""
