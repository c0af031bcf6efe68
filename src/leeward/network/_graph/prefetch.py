"""Ask for memory before it is needed, inside kernels.

A kernel that looks rows up all over a large array waits for memory most of the time. Where it knows
some steps ahead which row comes, asking for it early takes half of that time and changes nothing
else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np import arrayobj

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AHEAD", "prefetch"]

# Neither is typed; and the second brings the writer of machine code with it.
_arrays: Any = arrayobj
_tools: Any = cgutils
_ir: Any = _tools.ir

AHEAD: Final = 8
"""How many steps ahead to ask."""


def _prefetch(_: Any, array: Any, row: Any) -> tuple[Any, Callable[..., Any]]:
    """The type of the function, and what writes its code."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        found = _arrays.make_array(kind)(context, builder, arguments[0])
        place = context.cast(builder, arguments[1], signature.args[1], types.intp)
        zeros = [context.get_constant(types.intp, 0)] * (kind.ndim - 1)
        begin = _tools.get_item_pointer(
            context, builder, kind, found, [place, *zeros], wraparound=False, boundscheck=False
        )
        number = _ir.IntType(32)
        of = _ir.FunctionType(_ir.VoidType(), [_tools.voidptr_t, number, number, number])
        function = _tools.get_or_insert_function(builder.module, of, "llvm.prefetch")
        # To be read, kept near, and data.
        how = [_ir.Constant(number, value) for value in (0, 3, 1)]
        builder.call(function, [builder.bitcast(begin, _tools.voidptr_t), *how])
        return context.get_dummy_value()

    return types.void(array, row), generate


prefetch: Final[Callable[[Any, Any], None]] = cast("Any", intrinsic(_prefetch))
"""Ask for the beginning of ``array[row]``, in a kernel: ``prefetch(array, row)``.

The row is 0 or above and below the length: that is not looked at.
"""
