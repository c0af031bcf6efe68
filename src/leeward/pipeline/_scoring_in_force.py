"""The signals and policies that are in force, while their files change."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from leeward.errors import LeewardError
from leeward.pipeline._detectors import Detectors, readable
from leeward.pipeline._policies import keep_versions, policies_in_force, policy_files
from leeward.pipeline._scoring_rules import Rules
from leeward.policy import event_schema

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.model import Settings
    from leeward.policy import Policy
    from leeward.signals import Signal

__all__ = ["InForceNow"]

LOOK_SECONDS: Final = 1.0
"""How often the files are looked at. One that changed is read when it is the same twice."""

_POLICIES: Final = "policies"


class InForceNow:
    """What scores at the moment.

    ``broken`` says in words what of it cannot be used, by the signal's name or ``policies``; what
    was in force before it was changed stays so.

    Args:
        folder: The data folder.
        settings: What is in force.

    Raises:
        SettingsError: A signal is not of a kind that there is.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._schema = event_schema(readable(folder, settings))
        self._detectors = Detectors(folder, settings)
        self._policies: list[Policy] = []
        self._broken: dict[str, str] = {}
        self._stamp = self._seen = self._look()
        self._looked_at = time.monotonic()
        self._read()
        self.rules = Rules(self._policies)

    @property
    def broken(self) -> dict[str, str]:
        """What cannot be used, in words."""
        return self._detectors.broken | self._broken

    def anew(self) -> list[Signal]:
        """All signals as they are in force now; those with a memory have an empty one."""
        return self._detectors.anew()

    def refresh(self, *, now: bool = False) -> tuple[bool, bool]:
        """Read again what changed: whether the signals are others now, and whether the policies.

        Args:
            now: Look at the files even if that was done a moment ago.
        """
        if not now and time.monotonic() < self._looked_at + LOOK_SECONDS:
            return False, False
        self._looked_at = time.monotonic()
        signals = self._detectors.refresh()
        policies = self._refresh_policies()
        if policies:
            self.rules = Rules(self._policies)
        return signals, policies

    def _refresh_policies(self) -> bool:
        stamp = self._look()
        if stamp != self._seen:
            self._seen = stamp  # one of them may still be being written
            return False
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        return self._read()

    def _read(self) -> bool:
        try:
            policies = policies_in_force(self._folder, self._schema)
            keep_versions(self._folder, policies)
        except LeewardError as error:
            first = error.message.partition("\n")[0]
            stays = "; those before stay in force" if self._policies else ""
            self._broken[_POLICIES] = f"{first}{stays}: see `leeward policy check`"
            return False
        self._broken.pop(_POLICIES, None)
        self._policies = policies
        return True

    def _look(self) -> object:
        """What changes when a policy does."""
        stamps = []
        for path in policy_files(self._folder):
            try:
                status = path.stat()
            except OSError:
                continue
            stamps.append((path.name, status.st_mtime_ns, status.st_size))
        return stamps
