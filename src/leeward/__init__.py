"""Leeward: software for the trust and safety team of a social platform.

>>> import leeward as lw
>>> log = lw.open("data")  # doctest: +SKIP
>>> log.of(account="https://example.social/users/ada", last=10)  # doctest: +SKIP
>>> found = lw.discover(log, seeds=["https://example.social/users/ada"])  # doctest: +SKIP
>>> found.to_frame(), found.page("found.html")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = ["Found", "__version__", "copies", "discover", "open"]

if TYPE_CHECKING:
    import os
    from typing import Any

    from leeward._python import Found, copies, discover
    from leeward.store import Log


def open(data: str | os.PathLike[str]) -> Log:  # noqa: A001 - the word of the outside contract
    """Open the event log of a data folder for reading.

    Raises:
        NotALog: There is none.
    """
    from leeward.store import Log  # the command line must not load the store to print its help

    return Log(data)


def __getattr__(name: str) -> Any:
    """Load what needs other rooms when it is asked for (PEP 562)."""
    if name in ("Found", "copies", "discover"):
        from leeward import _python

        return getattr(_python, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
