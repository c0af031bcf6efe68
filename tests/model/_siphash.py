"""SipHash-2-4 in plain Python, from the paper: slow, and independent of the code under test."""

from __future__ import annotations

_MASK = (1 << 64) - 1


def siphash(key: bytes, text: bytes, size: int) -> bytes:
    """The hash of ``size`` bytes, 8 or 16, as the reference implementation writes it."""
    k0, k1 = (int.from_bytes(key[i : i + 8], "little") for i in (0, 8))
    state = [
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D ^ (0xEE if size == 16 else 0),
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    ]
    padded = text + bytes(7 - len(text) % 8) + bytes([len(text) & 0xFF])
    for i in range(0, len(padded), 8):
        word = int.from_bytes(padded[i : i + 8], "little")
        state[3] ^= word
        _rounds(state, 2)
        state[0] ^= word
    state[2] ^= 0xEE if size == 16 else 0xFF
    _rounds(state, 4)
    out = _folded(state)
    if size == 16:
        state[1] ^= 0xDD
        _rounds(state, 4)
        out += _folded(state)
    return out


def _folded(state: list[int]) -> bytes:
    return (state[0] ^ state[1] ^ state[2] ^ state[3]).to_bytes(8, "little")


def _turn(x: int, left: int) -> int:
    return ((x << left) | (x >> (64 - left))) & _MASK


def _rounds(v: list[int], count: int) -> None:
    for _ in range(count):
        v[0] = (v[0] + v[1]) & _MASK
        v[1] = _turn(v[1], 13) ^ v[0]
        v[0] = _turn(v[0], 32)
        v[2] = (v[2] + v[3]) & _MASK
        v[3] = _turn(v[3], 16) ^ v[2]
        v[0] = (v[0] + v[3]) & _MASK
        v[3] = _turn(v[3], 21) ^ v[0]
        v[2] = (v[2] + v[1]) & _MASK
        v[1] = _turn(v[1], 17) ^ v[2]
        v[2] = _turn(v[2], 32)
