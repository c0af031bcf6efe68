"""A reader who follows a link arrives, and no page tells of the machine it was written on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.docs._pages import ROOT, pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

_EVERY = [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in pages()]


def _links(page: Path) -> Iterator[str]:
    return (match[1] for match in _LINK.finditer(_FENCED.sub("", page.read_text())))


def _anchors(page: Path) -> set[str]:
    headings = _HEADING.findall(_FENCED.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", _EVERY)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in _links(page):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_in_the_map() -> None:
    home = ROOT / "docs" / "index.md"
    linked = {(home.parent / link.partition("#")[0]).resolve() for link in _links(home)}
    assert set() == {page for page in (ROOT / "docs").rglob("*.md") if page != home} - linked


@pytest.mark.parametrize("page", _EVERY)
def test_no_page_has_a_path_of_somebodys_machine(page: Path) -> None:
    found = re.findall(r"(?<![\w.])/(?:home|root|work|tmp|Users)/\S*", page.read_text())
    assert found == []
