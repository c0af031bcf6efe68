"""The templates of this package, and what a page embeds of its own."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["allowed", "environment", "source"]


def environment(**filters: Callable[..., Any]) -> Environment:
    """Renders templates: all that they are given is escaped, and a name that is not is an error.

    Args:
        filters: What templates may call, by name.
    """
    made = Environment(
        loader=PackageLoader("leeward.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(filters)
    return made


@cache
def source(name: str) -> Markup:
    """A style sheet or a script of this package; nothing that was observed enters it."""
    text = (resources.files("leeward.console") / "templates" / name).read_text("utf-8")
    return Markup(text)  # noqa: S704 - our own file


def allowed(embedded: str) -> str:
    """What the policy of the page's content allows by name: the hash of a style or a script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(embedded.encode()).digest()).decode()
