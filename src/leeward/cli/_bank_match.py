"""``leeward bank match``: what the banks say of a picture."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from leeward.cli._options import answered, counted, data_option, shown, stamp, tables_of
from leeward.errors import InputError, LeewardError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leeward.cli._options import Answer
    from leeward.pipeline import Matched, MatchQuery, MatchResult

__all__ = ["match"]

_DIGITS: Final = re.compile(r"[0-9a-fA-F]+")
_MOST: Final = 1_000
_SECONDS: Final = 3_600.0
"""For one file: a video of hours is decoded to its end."""
_ALGORITHMS: Final = {64: ("pdq", "sha256"), 40: ("sha1",), 32: ("md5",)}
"""By the number of digits. A PDQ value and a SHA-256 are equally long, and one is not the other."""


@click.command(epilog="Example: leeward bank match boat.jpg --data data")
@click.argument("what", nargs=-1, required=True, metavar="PATH_OR_HEX...")
@data_option
@click.option(
    "--bank", "name", help="Name matches with this bank only; what may follow counts all."
)
@click.option(
    "--positions",
    type=click.Choice(["one", "eight"]),
    help="Search for a picture as it is shown, or also turned and mirrored; by default as the"
    " settings say.",
)
@answered
def match(
    what: tuple[str, ...], data: Path, name: str | None, positions: str | None, answer: Answer
) -> None:
    """Say which banks a picture matches, at what distance, and what may follow.

    A file is hashed first; digits are a PDQ value or a digest by their number, 64 being looked up
    as both PDQ and SHA-256. `-` reads such digits from stdin, a line each, which keeps them out of
    the list of processes and the shell's history. What is tried out here does not count towards
    the pause of an entry that matches too often. The command ends with 0 whether or not anything
    matches, and with 1 where an argument could not be read.
    """
    from leeward.pipeline import Matcher
    from leeward.store import read_settings
    from leeward.store.tables import get_bank

    settings = read_settings(data)
    faults: list[tuple[str, str]] = []
    with tables_of(data) as tables:
        if name is not None:
            with tables.read() as connection:
                get_bank(connection, name)
        eight = (positions or settings.banks.positions) == "eight"
        asked = list(_queries(what, faults, eight=eight))
        with Matcher(
            tables, data, lambda note: click.echo(f"note: {note}", err=True), settings.banks
        ) as matcher:
            results = matcher.match([query for _, query in asked], _MOST)
    for (called, _), result in zip(asked, results, strict=True):
        answer.one(_body(called, result, name), _lines(called, result, name))
    for called, reason in faults:
        if answer.as_json:
            answer.one({"what": called, "refused": reason}, [])
        else:
            click.echo(f"{shown(called)}: {reason}", err=True)
    if faults:
        raise LeewardError(
            f"{counted(len(faults), 'argument')} could not be read", hint="see the reason of each"
        )


def _queries(
    what: tuple[str, ...], faults: list[tuple[str, str]], *, eight: bool
) -> Iterator[tuple[str, MatchQuery]]:
    """What to call each argument, which is never its digits, and the query it stands for."""
    from leeward.hashing import MediaHasher, VideoLimits
    from leeward.pipeline import media_query

    hasher: MediaHasher | None = None
    try:
        for place, text in enumerate(what, 1):
            if text == "-":
                for number, line in enumerate(sys.stdin, 1):
                    if line.strip():
                        yield from _by_digits(f"line {number}", line.strip(), faults)
            elif Path(text).is_file():
                hasher = hasher or MediaHasher(seconds=_SECONDS, video=VideoLimits())
                try:
                    yield text, media_query(hasher.hash(Path(text), dihedral=eight))
                except InputError as error:
                    faults.append((text, error.message))
            elif _DIGITS.fullmatch(text):
                yield from _by_digits(f"argument {place}", text, faults)
            else:
                faults.append((f"argument {place}", "is neither a file nor hexadecimal"))
    finally:
        if hasher is not None:
            hasher.close()


def _by_digits(
    called: str, text: str, faults: list[tuple[str, str]]
) -> Iterator[tuple[str, MatchQuery]]:
    from leeward.pipeline import hash_query

    algorithms = _ALGORITHMS.get(len(text))
    if algorithms is None:
        faults.append((called, "has neither the 64, 40 nor 32 digits of a hash"))
        return
    try:
        yield called, hash_query(dict.fromkeys(algorithms, text))
    except InputError as error:
        faults.append((called, error.message))


def _of_bank(result: MatchResult, name: str | None) -> list[Matched]:
    return [found for found in result.matches if name in (None, found.bank)]


def _body(called: str, result: MatchResult, name: str | None) -> dict[str, Any]:
    import msgspec

    body: dict[str, Any] = {"what": called, **msgspec.to_builtins(result)}
    body["matches"] = msgspec.to_builtins(_of_bank(result, name))
    return body


def _lines(called: str, result: MatchResult, name: str | None) -> Iterator[str]:
    yield f"{shown(called)}: {result.status}" + (
        f"; may follow: {', '.join(result.may_follow)}" if result.may_follow else ""
    )
    if result.abstained is not None:
        yield f"  ALERT  not compared: {result.abstained}"
    if result.needs_person:
        yield "  ALERT  a match is paused: a person has to look"
    for found in _of_bank(result, name):
        yield f"  {found.bank}  entry {found.entry}, {found.algorithm}, {_standing(found)}"
        for who in found.listings:
            told = [who.exchange, who.member, who.classification, stamp(who.at)]
            yield "    listed by " + ", ".join(shown(word) for word in told if word)
    rest = result.matches_total - len(result.matches)
    if rest:
        yield f"  and {rest:,} more"


def _standing(found: Matched) -> str:
    near = "the same value" if found.distance == 0 else f"{found.distance} bits away"
    if found.video is not None:
        shared = found.video
        near = f"{shared.bank_share:.0%} of its frames, {shared.query_share:.0%} of this one's"
    elif found.look not in (None, "upright"):
        near += f" ({found.look.replace('_', ' ')})"
    if found.suppressed:
        return f"{near}; suppressed by a known innocent picture"
    follows = ", ".join(found.may_follow) or "nothing"
    why = "" if found.withheld is None else f" ({found.withheld.replace('_', ' ')})"
    return f"{near}; may follow: {follows}{why}"
