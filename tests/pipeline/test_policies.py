"""The texts of policies, kept before they judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leeward.errors import StoreError
from leeward.pipeline import keep_versions, kept_version
from leeward.policy import event_schema, read_policy

if TYPE_CHECKING:
    from pathlib import Path

_TIDE = """\
policy: tide
version: 1
about: a post
stands_on: the harbour rules, 1
severity: low
rules:
  - rule: any-post
    about: any post
    when: event.kind == "post"
    subject: post
    causes: [open_case]
    daily_quota: 1
"""


def test_a_text_is_kept_as_it_judged(tmp_path: Path) -> None:
    keep_versions(tmp_path, [read_policy(_TIDE, event_schema(), "tide.yaml")])
    assert kept_version(tmp_path, "tide", 1) == _TIDE
    assert kept_version(tmp_path, "tide", 2) is None


def test_a_place_that_cannot_be_written_is_an_error_that_says_where(tmp_path: Path) -> None:
    """Whoever scores goes on after it, and says so; anything else would end the process."""
    (tmp_path / "policies").symlink_to(tmp_path / "a disk that is not there")
    with pytest.raises(StoreError) as refused:
        keep_versions(tmp_path, [read_policy(_TIDE, event_schema(), "tide.yaml")])
    assert str(refused.value.where).endswith(".versions")
