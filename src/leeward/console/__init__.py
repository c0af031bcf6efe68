"""Pages for people: so far one self-contained page that shows what discovery found."""

from leeward.console._page import page, write_page

__all__ = ["page", "write_page"]
