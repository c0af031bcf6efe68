"""A browser that opens pages from files, and notes whatever else they do."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.sync_api import Browser, Page

_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Opened(NamedTuple):
    """A page in the browser; ``requests`` and ``said`` grow while it is open."""

    page: Page
    requests: list[str]
    said: list[str]


# A module at a time: while it runs, other tests cannot start an event loop of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("Chromium is missing; `make programs` installs it")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def opening(browser: Browser, tmp_path: Path) -> Callable[..., AbstractContextManager[Opened]]:
    """``opening(html, wide=..., high=..., scheme=..., scripts=...)`` opens a page."""

    @contextmanager
    def opening(
        html: str,
        *,
        wide: int = 1280,
        high: int = 900,
        scheme: str = "light",
        scripts: bool = True,
        motion: str = "no-preference",
    ) -> Iterator[Opened]:
        file = tmp_path / "page.html"
        file.write_text(html)
        context = browser.new_context(
            viewport={"width": wide, "height": high},
            color_scheme=scheme,  # type: ignore[arg-type]  # one of the words it knows
            reduced_motion=motion,  # type: ignore[arg-type]  # one of the words it knows
            java_script_enabled=scripts,
        )
        page = context.new_page()
        requests: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.goto(file.as_uri())
        requests.remove(file.as_uri())
        yield Opened(page, requests, said)
        context.close()

    return opening
