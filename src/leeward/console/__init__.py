"""Pages for people: self-contained, for those who review; what discovery found, and policies."""

from leeward.console._page import page, write_page
from leeward.console._policy_page import (
    backtest_page,
    difference_page,
    write_backtest_page,
    write_difference_page,
)

__all__ = [
    "backtest_page",
    "difference_page",
    "page",
    "write_backtest_page",
    "write_difference_page",
    "write_page",
]
