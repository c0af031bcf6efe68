"""The signals of a data folder: those that its settings name, and those that are on by default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leeward.errors import LeewardError, SettingsError
from leeward.pipeline._detector_kinds import KINDS, bank_signals
from leeward.signals import Stateful

if TYPE_CHECKING:
    from pathlib import Path

    from leeward import policy
    from leeward.model import Settings, SignalSettings
    from leeward.pipeline._detector_kinds import DetectorKind
    from leeward.signals import Signal

__all__ = ["Detectors", "detectors", "readable"]


def detectors(folder: Path, settings: Settings) -> list[Signal]:
    """The signals that look at events.

    Args:
        folder: The data folder.
        settings: What is in force.

    Raises:
        SettingsError: One is not of a kind that there is.
        LeewardError: A list or a model cannot be read.
    """
    return [source.build() for source in _sources(folder, settings)]


def readable(folder: Path, settings: Settings) -> list[policy.Signal]:
    """What policies can read: these signals, and the matches with hash banks.

    Raises:
        SettingsError: One is not of a kind that there is.
    """
    own = [source.kind.readable(source.name) for source in _sources(folder, settings)]
    return [*own, *bank_signals()]


class Detectors:
    """The signals as they are in force, while their lists and models change.

    A list that cannot be used changes nothing: the one before stays in force, and ``broken`` says
    so by the signal's name, in words.

    Args:
        folder: The data folder.
        settings: What is in force.

    Raises:
        SettingsError: One is not of a kind that there is.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._sources = _sources(folder, settings)
        self.broken: dict[str, str] = {}
        for source in self._sources:
            source.stamp = source.look()
            self._build(source)

    def anew(self) -> list[Signal]:
        """The signals; those with a memory have an empty one."""
        return [signal for source in self._sources if (signal := source.fresh()) is not None]

    @property
    def names(self) -> list[str]:
        """The signals that look at events now: not those of which nothing could be read yet."""
        return [source.name for source in self._sources if source.signal is not None]

    def refresh(self) -> bool:
        """Read again what changed and has come to rest; whether a signal is another one now."""
        changed = False
        for source in self._sources:
            stamp = source.look()
            if stamp != source.seen:
                source.seen = stamp  # it may still be being written
            elif stamp != source.stamp:
                source.stamp = stamp
                before = source.signal
                self._build(source)
                now = source.signal
                changed |= now is not None and (before is None or now.version != before.version)
        return changed

    def _build(self, source: _Source) -> None:
        try:
            source.signal = source.build()
            self.broken.pop(source.name, None)
        except LeewardError as error:
            stays = "; the one before stays in force" if source.signal is not None else ""
            place = f" ({error.where})" if error.where else ""
            self.broken[source.name] = f"signals.{source.name}: {error.message}{place}{stays}"


@dataclass
class _Source:
    """A signal of the settings, and the files that it is built from."""

    name: str
    kind: DetectorKind
    folder: Path
    settings: SignalSettings
    signal: Signal | None = None
    stamp: object = None
    seen: object = field(default=None)

    def build(self) -> Signal:
        return self.kind.build(self.name, self.folder, self.settings)

    def fresh(self) -> Signal | None:
        """The signal, with an empty memory where it has one."""
        if isinstance(self.signal, Stateful):
            return self.kind.renew(self.signal, self.folder, self.settings)
        return self.signal

    def look(self) -> object:
        """What changes when a file does."""
        stamps: list[tuple[int, int] | None] = []
        try:
            paths = self.kind.files(self.name, self.folder, self.settings)
        except LeewardError as error:
            return str(error)  # building it says the same, and is told
        for path in paths:
            try:
                status = path.stat()
                stamps.append((status.st_mtime_ns, status.st_size))
            except OSError:
                stamps.append(None)
        return stamps


def _sources(folder: Path, settings: Settings) -> list[_Source]:
    """In the order of the names, so that nothing depends on that of the file."""
    from leeward.model import SignalSettings

    given = {name: SignalSettings() for name, kind in KINDS.items() if kind.by_default}
    given |= settings.signals
    found = []
    for name in sorted(given):
        each = given[name]
        kind = KINDS.get(each.kind or name)
        if kind is None:
            raise SettingsError(
                "it is not said of which kind the signal is",
                where=f"signals.{name}.kind",
                hint=f"choose among {', '.join(KINDS)}",
            )
        if each.on:
            found.append(_Source(name, kind, folder, each))
    return found
