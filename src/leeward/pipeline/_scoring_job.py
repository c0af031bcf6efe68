"""Scoring as a piece of work in one process: the parts put together, and when to save."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from leeward.errors import StoreError
from leeward.pipeline._scoring import AT_ONCE, Scorer
from leeward.pipeline._scoring_in_force import InForceNow
from leeward.pipeline._scoring_labels import labels_in
from leeward.pipeline._scoring_late import banks_through
from leeward.pipeline._scoring_state import SIGNALS_FOLDER, StateFile
from leeward.store import SCORING, Log, make_folder, write_whole
from leeward.store.tables import database_url, open_tables

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from leeward.model import Settings
    from leeward.pipeline._scoring import Step

__all__ = ["ScoringJob", "ScoringNote", "read_note"]

SAVE_SECONDS: Final = 60.0
"""How often the memory is saved at most; a replay after a crash has so much to do."""
SAVE_SHARE: Final = 0.02
"""Share of the time that saving may take."""

_NOTE: Final = "scoring.json"


class ScoringNote(Struct, frozen=True):
    """What scoring last said of itself.

    Attributes:
        broken: What cannot be used, in words, by the signal's name or ``policies``.
        replayed, replay: How far a replay has come and how far it has to; 0 where there is none.
    """

    broken: dict[str, str] = {}
    replayed: int = 0
    replay: int = 0


def read_note(folder: Path) -> ScoringNote:
    """What scoring last said of itself; nothing where it never did."""
    try:
        return msgspec.json.decode((folder / SIGNALS_FOLDER / _NOTE).read_bytes(), type=ScoringNote)
    except (OSError, msgspec.MsgspecError):
        return ScoringNote()


class ScoringJob:
    """Reads a data folder and scores its events; what is to be stored is handed out.

    Args:
        folder: The data folder.
        settings: What is in force.

    Raises:
        LeewardError: The folder or its tables cannot be read.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._saved_at, self._save_took = time.monotonic(), 0.0
        self._note: ScoringNote | None = None
        self._noted_at = float("-inf")
        with contextlib.ExitStack() as stack:
            self.log = stack.enter_context(Log(folder))
            url = database_url(settings.tables, folder, os.environ)
            tables = stack.enter_context(open_tables(url))
            self._in_force = InForceNow(folder, settings)
            self._states = StateFile(folder, SCORING)
            self.scorer = Scorer(
                self.log,
                self._in_force,
                self._in_force.rules,
                labels_in(tables),
                self._states,
                banks=banks_through(tables, self.log),
            )
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the log and the tables."""
        self._stack.close()

    @property
    def broken(self) -> dict[str, str]:
        """What cannot be used, in words."""
        damage = self._states.damage
        return self._in_force.broken | ({} if damage is None else {"memory": damage})

    def step(self, most: int = AT_ONCE) -> Step | None:
        """Score some rows, with the lists and policies as they are now; None where none wait.

        Raises:
            LeewardError: Something cannot be read.
        """
        signals, rules = self._in_force.refresh()
        if rules:
            self.scorer.rules = self._in_force.rules
        if signals:
            self.scorer.signals_changed()
        step = self.scorer.step(most)
        self._tell(step)
        return step

    @property
    def save_due(self) -> bool:
        """Whether the memory is to be saved, once all that was handed out is stored."""
        if not self.scorer.unsaved:
            return False
        rest = max(SAVE_SECONDS, self._save_took / SAVE_SHARE)
        return time.monotonic() > self._saved_at + rest

    def save(self) -> None:
        """Save the memory.

        Raises:
            StoreError: It cannot be written.
        """
        began = time.monotonic()
        self.scorer.save()
        self._saved_at = time.monotonic()
        self._save_took = self._saved_at - began

    def _tell(self, step: Step | None) -> None:
        """Note for others what is broken, and how far a replay has come."""
        if time.monotonic() < self._noted_at + 1.0:
            return
        self._noted_at = time.monotonic()
        replay = (0, 0) if step is None else step.replay
        note = ScoringNote(self.broken, *replay)
        if note != self._note:
            self._note = note
            path = self._folder / SIGNALS_FOLDER / _NOTE
            with contextlib.suppress(StoreError):  # it only informs
                make_folder(path.parent)
                write_whole(path, msgspec.json.encode(note))
