"""What a perceptual hash that Leeward does not ship must offer to be used beside PDQ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Algorithm"]


@runtime_checkable
class Algorithm(Protocol):
    """A perceptual hash under a licence of its own, as PhotoDNA is.

    Leeward ships none and knows the values of none. Who holds a licence wraps the library that
    came with it in a class with these members.

    Attributes:
        name: As banks and exchanges call it, in small letters: ``photodna``.
        length: Bytes of a hash.
    """

    @property
    def name(self) -> str: ...

    @property
    def length(self) -> int: ...

    def hash(self, rgb: npt.NDArray[np.uint8]) -> bytes | None:
        """Hash a picture.

        Args:
            rgb: uint8 (rows, columns, 3), as it is shown.

        Returns:
            ``length`` bytes, or nothing where the picture has too little in it.
        """
        ...

    def distance(self, one: bytes, other: bytes) -> float:
        """How far two hashes are apart; 0 is alike, and the unit is the algorithm's."""
        ...
