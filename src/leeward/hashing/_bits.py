"""What kernels need of a processor and numba does not offer: counting bits, and fetching ahead.

Each is one LLVM intrinsic, so that it becomes the best instruction that the machine has: a
vector population count where there is one, a few shifts and sums where there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[Any]

__all__ = ["LANES", "apart", "little", "lowest", "near", "ones", "prefetch"]

LANES = 32
"""How many sketches :func:`near` compares at once."""

_I16, _I32, _I64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
_SKETCHES = ir.VectorType(_I16, LANES)
_HASH = ir.VectorType(_I64, 4)


def _address(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Where an element of a contiguous array lies, by its place among all of them."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [index])


def _vector(builder: Any, address: Any, kind: Any, align: int) -> Any:
    loaded = builder.load(builder.bitcast(address, kind.as_pointer()))
    loaded.align = align
    return loaded


def _call(builder: Any, name: str, result: Any, *arguments: Any) -> Any:
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    module: Any = builder.module
    function = module.globals.get(name) or ir.Function(module, kind, name)
    return builder.call(function, arguments)


def _ones(_: Any, _word: Any) -> Any:
    def generate(_: Any, builder: Any, __: Any, given: Any) -> Any:
        return builder.ctpop(given[0])

    return types.intp(types.uint64), generate


def _lowest(_: Any, _word: Any) -> Any:
    def generate(_: Any, builder: Any, __: Any, given: Any) -> Any:
        return builder.cttz(given[0], ir.Constant(ir.IntType(1), 1))

    return types.intp(types.intp), generate


def _prefetch(_: Any, array: Any, _index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        address = _address(context, builder, signature.args[0], *given)
        address = builder.bitcast(address, cgutils.voidptr_t)
        read, keep, data = _I32(0), _I32(3), _I32(1)
        arguments = [address, read, keep, data]
        kind = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
        # The intrinsic's full name depends on how this LLVM writes pointers.
        function = builder.module.declare_intrinsic("llvm.prefetch", [address.type], kind)
        builder.call(function, arguments)
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


def _little(_: Any, array: Any, _index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        address = _address(context, builder, signature.args[0], *given)
        return builder.zext(_vector(builder, address, _I32, 1), _I64)

    return types.intp(array, types.intp), generate


def _near(_: Any, array: Any, _index: Any, _pattern: Any, _limit: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def everywhere(value: Any) -> Any:
            nothing = ir.Constant(_SKETCHES, ir.Undefined)
            first = builder.insert_element(nothing, value, _I32(0))
            zeros = ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES)
            return builder.shuffle_vector(first, nothing, zeros)

        address = _address(context, builder, signature.args[0], given[0], given[1])
        differing = builder.xor(_vector(builder, address, _SKETCHES, 2), everywhere(given[2]))
        bits = _call(builder, f"llvm.ctpop.v{LANES}i16", _SKETCHES, differing)
        within = builder.icmp_unsigned("<=", bits, everywhere(given[3]))
        return builder.zext(builder.bitcast(within, ir.IntType(LANES)), _I64)

    return types.intp(array, types.intp, types.uint16, types.uint16), generate


def _apart(_: Any, one: Any, _i: Any, other: Any, _j: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        def words(array: int) -> Any:
            first = builder.mul(given[array + 1], _I64(4))
            place = _address(context, builder, signature.args[array], given[array], first)
            return _vector(builder, place, _HASH, 8)

        bits = _call(builder, "llvm.ctpop.v4i64", _HASH, builder.xor(words(0), words(2)))
        return _call(builder, "llvm.vector.reduce.add.v4i64", _I64, bits)

    return types.intp(one, types.intp, other, types.intp), generate


ones = cast("Callable[[np.uint64], int]", intrinsic(_ones))
"""``ones(word)``: how many bits of a 64-bit word are set."""

lowest = cast("Callable[[int], int]", intrinsic(_lowest))
"""``lowest(word)``: the place of the lowest bit that is set; the word must not be 0."""

prefetch = cast("Callable[[Array, int], None]", intrinsic(_prefetch))
"""``prefetch(array, index)``: begin to bring an element near, and do not wait for it.

The index counts the elements of a contiguous array in the order of its memory. Nothing breaks
where it lies outside.
"""

little = cast("Callable[[Array, int], int]", intrinsic(_little))
"""``little(octets, index)``: the four octets from an index on as a number, the lowest first."""

near = cast("Callable[[Array, int, np.uint16, np.uint16], int]", intrinsic(_near))
"""``near(sketches, index, pattern, limit)``: which of the 32 sketches from an index on differ from
a pattern in ``limit`` bits at most; bit ``k`` of the answer speaks of the one at ``index + k``.
All 32 must be there.
"""

apart = cast("Callable[[Array, int, Array, int], int]", intrinsic(_apart))
"""``apart(one, i, other, j)``: in how many bits row ``i`` of one (n, 4) array of 64-bit words
differs from row ``j`` of another one.
"""
