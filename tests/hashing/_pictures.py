"""Pictures drawn by a program, and files made of them."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

Kind = Literal["flat", "noise", "waves", "blocks", "mirror", "bright", "soft", "grain"]
KINDS: tuple[Kind, ...] = get_args(Kind)


def pixels(kind: Kind, height: int, width: int, seed: int) -> Pixels:
    """A picture that is hard for PDQ in one way or another."""
    rng = np.random.default_rng((seed, height, width))
    if kind == "flat":
        return np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
    if kind == "noise":
        return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if kind == "waves":
        x = np.sin(np.linspace(0, rng.integers(1, 40), width))[None, :, None]
        y = np.cos(np.linspace(0, rng.integers(1, 40), height))[:, None, None]
        return (127.5 + 127 * x * y * np.ones(3)).astype(np.uint8)
    if kind == "blocks":
        return _scaled(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8), height, width, smooth=False)
    soft = _scaled(
        rng.integers(225 if kind == "bright" else 0, 256, (9, 9, 3), dtype=np.uint8), height, width
    )
    if kind == "mirror":
        return np.maximum(soft, soft[:, ::-1])
    if kind == "grain":
        noise = rng.normal(0, 6, (height, width, 1))
        return np.clip(soft + noise, 0, 255).astype(np.uint8)
    return soft


def _scaled(small: Pixels, height: int, width: int, *, smooth: bool = True) -> Pixels:
    how = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return np.array(Image.fromarray(small).resize((width, height), how))


def harbour(height: int = 96, width: int = 128, seed: int = 1) -> Image.Image:
    """A picture with enough in it."""
    return Image.fromarray(pixels("grain", height, width, seed))


def file_of(image: Image.Image, form: str, **options: Any) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


@functools.cache
def png_of_zeros(height: int, width: int) -> bytes:
    """A PNG that is a thousand times smaller than its pixels, made without holding them.

    It ends after 12,000 rows; what it states is what a decoder gets memory for.
    """
    packer = zlib.compressobj(1)
    row = bytes(3 * width + 1)
    rows = min(height, 12_000)
    data = b"".join(packer.compress(row) for _ in range(rows)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
