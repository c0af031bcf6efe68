"""Ready-made policies on an installation: its own signals have what they read."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pytest gives one

import pytest

from leeward.pipeline import readable
from leeward.policy import READY, event_schema, problems_of, ready_policy, ready_signals
from leeward.store import read_settings


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A data folder with every signal that a ready-made policy may read."""
    (tmp_path / "list.csv").write_text("term,class\nmooring,boats\n")
    names = ["rare-text", "rare-text-thread", "template"]
    names += [f"{kind}-context" for kind in ("media", "thread", "account", "tag", "community")]
    lines = ['[signals.lexicon]\npath = "list.csv"', *(f"[signals.{name}]" for name in names)]
    (tmp_path / "leeward.toml").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.mark.parametrize("name", READY)
def test_it_checks_against_the_signals_of_an_installation(name: str, installed: Path) -> None:
    schema = event_schema(readable(installed, read_settings(installed)))

    assert list(map(str, problems_of(ready_policy(name), schema, name))) == []


def test_what_a_signal_measures_is_the_same_where_no_data_folder_is(installed: Path) -> None:
    here = {one.name: one for one in readable(installed, read_settings(installed))}

    for signal in ready_signals():
        own = here[signal.name]
        assert {one.name for one in signal.values} == {one.name for one in own.values}, signal.name
        assert (signal.scored, signal.may) == (own.scored, own.may)
