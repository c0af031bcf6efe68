"""The text form of seeds, one a line, and of priors, one a row."""

from __future__ import annotations

import math
import re
from typing import Final, get_args

from leeward.errors import InputError
from leeward.model import LabelWord, fold_tag, parse_subject
from leeward.network._types import HEAVIEST, LIGHTEST, MOST_LOG_ODDS, Prior, Seed

__all__ = ["parse_prior", "parse_seed", "parse_seeds"]

_LABELS: Final = get_args(LabelWord)
_FORM: Final = "write account:URI, post:URI, media:HASH or tag:WORD, then, if need be, a tab, "
_HINT: Final = f"{_FORM}`offender` or `innocent`, a tab and a weight (1 where there is none)"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
"""What no URI of an event holds."""
_DIGEST: Final = re.compile(r"[0-9a-fA-F]{64}")


def parse_seeds(text: str, where: str = "seeds") -> list[Seed]:
    """Read seeds, one a line; empty lines and lines that begin with ``#`` count for nothing.

    Args:
        text: The lines.
        where: Their file, for the message of an error.

    Raises:
        InputError: A line is not of the form; it is named by its number.
    """
    seeds: dict[tuple[str, str], Seed] = {}
    for number, line in enumerate(text.split("\n"), 1):  # other ends of lines may be in a name
        if not line.strip() or line.startswith("#"):
            continue
        try:
            seed = parse_seed(line)
        except ValueError as error:
            raise InputError(str(error), where=f"{where}, line {number}", hint=_HINT) from None
        other = seeds.setdefault((seed.kind, seed.name), seed)
        if other != seed:
            raise InputError(
                "the same subject stands there twice, with different labels or weights",
                where=f"{where}, line {number}",
                hint="keep one of the two lines",
            )
    return list(seeds.values())


def parse_seed(line: str) -> Seed:
    r"""Read one seed: a subject, then optionally a tab, a label and a weight.

    >>> parse_seed("tag:Harbour\toffender\t0.5").weight
    0.5

    Raises:
        ValueError: The line is not of the form. The message holds nothing of it.
    """
    subject, *rest = line.rstrip("\r\n").split("\t")
    kind, name = _subject(subject)
    if len(rest) > 2:
        raise ValueError("there are more than three fields")
    label = rest[0].strip() if rest else ""
    if label not in ("", *_LABELS):
        raise ValueError("the label is neither `offender` nor `innocent`")
    return Seed(kind, name, "innocent" if label == "innocent" else "offender", _weight(rest[1:]))


def parse_prior(subject: object, log_odds: object, source: object) -> Prior:
    """Read one prior.

    >>> parse_prior("tag:Harbour", "-1.5", "harbour watch").log_odds
    -1.5

    Args:
        subject: As it stands in a line of seeds.
        log_odds: A number, or text of one.
        source: Who says so.

    Raises:
        ValueError: One of them is not of the form. The message holds nothing of it.
    """
    kind, name = _subject(subject if isinstance(subject, str) else "")
    odds = _number(log_odds)
    if not -MOST_LOG_ODDS <= odds <= MOST_LOG_ODDS:
        raise ValueError("the log-odds are not a number from -20 to 20")
    told = source.strip() if isinstance(source, str) else ""
    if not told:
        raise ValueError("no source is named")
    if _CONTROL.search(told):
        raise ValueError("the source holds a control character")
    return Prior(kind, name, odds, told)


def _subject(text: str) -> tuple[str, str]:
    """The kind and the name of a subject; a bare name is an account's."""
    kind, name = parse_subject(text.strip())
    name = _as_in_events(kind, name.strip())
    if not name:
        raise ValueError("no subject is named")
    if _CONTROL.search(name):
        raise ValueError("the name holds a control character")
    return kind or "account", name


def _as_in_events(kind: str | None, name: str) -> str:
    """Tags and digests as events have them, however a person wrote them."""
    if kind == "tag":
        return fold_tag(name)
    return name.lower() if kind == "media" and _DIGEST.fullmatch(name) else name


def _weight(fields: list[str]) -> float:
    if not fields or not fields[0].strip():
        return 1.0
    weight = _number(fields[0])
    if not LIGHTEST <= weight <= HEAVIEST:
        raise ValueError("the weight is not a number from 0.000001 to 1,000,000")
    return weight


def _number(value: object) -> float:
    """A number, or what a text of one says; not a number where it says none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan
