"""Kernels that only borrow: they make no array, and count no references to those they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

from leeward.model import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["borrowing_kernel"]


def borrowing_kernel(function: F) -> F:
    """Compile a function that makes no array and keeps none.

    A memory is dozens of arrays. To count references to each at each call, as compiled code does
    otherwise, took four fifths of the time. Where numba no longer has the option it is slower, and
    says the same.
    """
    options: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
    try:
        compiled = numba.njit(**options)(function)
    except (KeyError, RuntimeError, TypeError):
        return kernel(function)
    return cast("F", compiled)
