"""The kinds of signals: what each is built from, and what policies can read of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from leeward import policy
from leeward.errors import InputError, SettingsError
from leeward.pipeline._lookback_judge import BANK_SIGNALS, PROTECTED_MATCH, VERIFIED_MATCH
from leeward.pipeline._text_models import rare_text_signal, text_model_files
from leeward.signals import (
    FEATURES,
    AccountTracker,
    CommunityTracker,
    ContextSignal,
    Lexicon,
    MediaTracker,
    Scorecard,
    TagTracker,
    Templates,
    ThreadTracker,
)
from leeward.store import Log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from leeward.model import SignalSettings, VerdictCause
    from leeward.signals import ListForm, RareLevel, Signal, Tracked, Tracker

__all__ = ["KINDS", "DetectorKind", "bank_signals"]


@dataclass(frozen=True)
class DetectorKind:
    """A kind of signal.

    Attributes:
        build: Makes one of a name, with an empty memory.
        readable: What policies can read of one of a name.
        files: What it is built from; where one of them changes, it is built again.
        by_default: It is on without being named in the settings.
    """

    build: Callable[[str, Path, SignalSettings], Signal]
    readable: Callable[[str], policy.Signal]
    files: Callable[[str, Path, SignalSettings], list[Path]]
    by_default: bool = False

    def renew(self, signal: Signal, folder: Path, settings: SignalSettings) -> Signal:
        """The same signal with an empty memory."""
        return self.build(signal.name, folder, settings)


# --- lexicons ----------------------------------------------------------------------------------

_FORMS: Final = (".csv", ".jsonl", ".toml")


def _list_of(name: str, folder: Path, settings: SignalSettings) -> list[Path]:
    if settings.path is None:
        raise SettingsError(
            "a lexicon needs a list",
            where=f"signals.{name}.path",
            hint='name its file, as in `path = "lists/harbour.csv"`',
        )
    return [folder / settings.path]


def _lexicon(name: str, folder: Path, settings: SignalSettings) -> Signal:
    (path,) = _list_of(name, folder, settings)
    if path.suffix not in _FORMS:
        raise SettingsError(
            "the list's file has another ending than a list has",
            where=f"signals.{name}.path",
            hint=f"it ends with {', '.join(_FORMS)}",
        )
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("the list is not UTF-8", where=f"signals.{name}.path") from None
    except OSError as error:
        raise InputError(
            f"the list cannot be read: {error.strerror}", where=f"signals.{name}.path"
        ) from error
    form = cast("ListForm", path.suffix.removeprefix("."))
    return Lexicon.build(
        text, form, name=name, where=f"signals.{name}", disguised=settings.disguised
    )


def _lexicon_read(name: str) -> policy.Signal:
    return policy.Signal(
        name=name,
        about="a text or tag holds a term of the operator's list",
        unit="severity, from 1 (low) to 4 (critical)",
    )


# --- rare text ---------------------------------------------------------------------------------


def _rare_text(level: RareLevel) -> DetectorKind:
    def build(name: str, folder: Path, settings: SignalSettings) -> Signal:  # noqa: ARG001 - as every kind
        return rare_text_signal(folder, name, level)

    def files(name: str, folder: Path, settings: SignalSettings) -> list[Path]:  # noqa: ARG001 - as every kind
        return text_model_files(folder, name, level)

    def read(name: str) -> policy.Signal:
        whose = {"account": "what an account writes", "thread": "what is written in a thread"}
        return policy.Signal(
            name=name,
            about=f"{whose[level]} resembles the operator's examples of a rare class",
            unit="log-odds",
        )

    return DetectorKind(build, read, files)


# --- context -----------------------------------------------------------------------------------

_TRACKERS: Final[dict[Tracked, Callable[[bytes], Tracker]]] = {
    "media": lambda key: MediaTracker(key=key),
    "thread": lambda key: ThreadTracker(key=key),
    "account": lambda key: AccountTracker(key=key),
    "tag": lambda key: TagTracker(key=key),
    "community": lambda key: CommunityTracker(key=key),
}


def _context(kind: Tracked) -> DetectorKind:
    def build(name: str, folder: Path, settings: SignalSettings) -> Signal:
        _only_once(name, f"{kind}-context")
        path = settings.path
        card = Scorecard.cautious(kind) if path is None else Scorecard.read(folder / path)
        if card.kind != kind:
            raise SettingsError(
                "the scorecard weighs another kind of subject", where=f"signals.{name}.path"
            )
        return ContextSignal(_TRACKERS[kind](_key(folder)), card)

    def files(name: str, folder: Path, settings: SignalSettings) -> list[Path]:  # noqa: ARG001 - as every kind
        return [] if settings.path is None else [folder / settings.path]

    def read(name: str) -> policy.Signal:
        return policy.Signal(
            name=name,
            about=f"what is known around this {_IN_WORDS.get(kind, kind)} reaches the line",
            unit="log-odds",
            values=tuple(
                policy.Value(one.name, f"{one.about} ({one.unit})") for one in FEATURES[kind]
            ),
        )

    return DetectorKind(build, read, files, by_default=True)


_IN_WORDS: Final = {"media": "picture or video", "tag": "hashtag"}


def _templates(name: str, folder: Path, settings: SignalSettings) -> Signal:  # noqa: ARG001 - as every kind
    _only_once(name, "template")
    return Templates(key=_key(folder))


def _templates_read(name: str) -> policy.Signal:
    return policy.Signal(
        name=name,
        about="several accounts have sent this message nearly alike within a week",
        unit="accounts",
    )


def _only_once(name: str, kind: str) -> None:
    if name != kind:
        raise SettingsError(
            f"there is one {kind}, and that is its name",
            where=f"signals.{name}",
            hint=f"write [signals.{kind}]",
        )


def _key(folder: Path) -> bytes:
    with Log(folder) as log:
        return log.signal_key()


def _no_files(name: str, folder: Path, settings: SignalSettings) -> list[Path]:  # noqa: ARG001 - as every kind
    return []


# --- hash banks --------------------------------------------------------------------------------

_MAY: Final[dict[str, frozenset[VerdictCause]]] = {
    VERIFIED_MATCH: frozenset({"hide"}),
    PROTECTED_MATCH: frozenset({"protect"}),
}


def bank_signals() -> list[policy.Signal]:
    """What is said of an event's media by the hash banks, which look at them by themselves."""
    return [
        policy.Signal(
            name=name,
            about="a picture or video that it carries matches an entry of a hash bank",
            unit="bits between the two hashes",
            may=_MAY.get(name, frozenset()),
        )
        for name in BANK_SIGNALS
    ]


KINDS: Final[dict[str, DetectorKind]] = {
    "lexicon": DetectorKind(_lexicon, _lexicon_read, _list_of),
    "rare-text": _rare_text("account"),
    "rare-text-thread": _rare_text("thread"),
    "template": DetectorKind(_templates, _templates_read, _no_files, by_default=True),
    **{f"{kind}-context": _context(kind) for kind in _TRACKERS},
}
"""By the word of the settings."""
