"""A file of seeds: what may stand in it, and what an error says of a bad line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.errors import InputError, UsageError
from leeward.network import Prior, Seed, parse_prior, parse_seeds

if TYPE_CHECKING:
    from leeward.model import LabelWord

DIGEST = "0123456789abcdef" * 4

KINDS = ("account", "post", "media", "tag")
# What a URI of an event may hold: anything but control characters; no blanks at its ends.
URIS = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), min_size=1, max_size=40
)


@pytest.mark.parametrize(
    ("line", "seed"),
    [
        ("account:https://example.social/@ada", Seed("account", "https://example.social/@ada")),
        ("https://example.social/@ada", Seed("account", "https://example.social/@ada")),
        ("did:plc:harbour", Seed("account", "did:plc:harbour")),
        ("account:post:odd", Seed("account", "post:odd")),
        ("post:https://example.social/p/1", Seed("post", "https://example.social/p/1")),
        (f"media:{DIGEST}", Seed("media", DIGEST)),
        (f"media:{DIGEST.upper()}", Seed("media", DIGEST)),
        ("media:Boats/Sail.PNG", Seed("media", "Boats/Sail.PNG")),
        ("tag:#Harbour", Seed("tag", "harbour")),
        ("tag:\N{LATIN CAPITAL LETTER E WITH ACUTE}t\u0301", Seed("tag", "\xe9t\u0301")),
        ("ada\toffender", Seed("account", "ada")),
        ("ada\tinnocent", Seed("account", "ada", "innocent")),
        ("ada\tinnocent\t2.5", Seed("account", "ada", "innocent", 2.5)),
        ("ada\t\t0.5", Seed("account", "ada", "offender", 0.5)),
        ("ada\t\t", Seed("account", "ada")),
        ("  ada \t innocent \t 3 ", Seed("account", "ada", "innocent", 3.0)),
        ("account: ada", Seed("account", "ada")),
        ("ada\r", Seed("account", "ada")),
        ("two words", Seed("account", "two words")),
        ("boat\u2028name", Seed("account", "boat\u2028name")),
    ],
)
def test_every_form_of_a_line(line: str, seed: Seed) -> None:
    assert parse_seeds(line) == [seed]


def test_comments_and_empty_lines_count_for_nothing() -> None:
    text = "# boats of the north quay\n\n   \nada\n#ben\r\n\r\ntag:tide\n"
    assert parse_seeds(text) == [Seed("account", "ada"), Seed("tag", "tide")]


@given(
    st.lists(
        st.builds(
            Seed,
            st.sampled_from(["account", "post", "media"]),
            URIS,
            st.sampled_from(["offender", "innocent"]),
            st.floats(1e-3, 1e3),
        ),
        unique_by=lambda seed: (seed.kind, seed.name.lower()),
    )
)
def test_what_is_written_down_is_read_again(seeds: list[Seed]) -> None:
    lines = [f"{seed.kind}:{seed.name}\t{seed.label}\t{seed.weight!r}" for seed in seeds]
    assert [_folded(seed) for seed in seeds] == parse_seeds("\n".join(lines))


def _folded(seed: Seed) -> Seed:
    """Digests are compared in lower case."""
    digest = seed.kind == "media" and re.fullmatch("[0-9a-fA-F]{64}", seed.name)
    return Seed(seed.kind, seed.name.lower(), seed.label, seed.weight) if digest else seed


def test_the_same_line_twice_is_one_seed() -> None:
    assert parse_seeds("tag:Sail\ntag:#sail\toffender\ntag:SAIL\t\t1.0") == [Seed("tag", "sail")]


@pytest.mark.parametrize("second", ["ada\tinnocent", "account:ada\t\t2"])
def test_the_same_subject_with_another_meaning_is_refused(second: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_seeds(f"ada\n\n{second}")
    assert refused.value.where == "seeds, line 3"


@pytest.mark.parametrize(
    "line",
    [
        "account:",
        "tag:#",
        "tag: # ",
        "\toffender",
        "canary\tguilty",
        "canary\tOffender",
        "canary\toffender\theavy",
        "canary\toffender\t0",
        "canary\toffender\t-1",
        "canary\toffender\tnan",
        "canary\toffender\tinf",
        "canary\toffender\t1e400",
        "canary\toffender\t1e7",
        "canary\toffender\t1e-7",
        "canary\toffender\t1\t",
        "canary\toffender\t1\tmore",
        "can\0ary",
        "can\x1b[31mary",
    ],
)
def test_an_error_names_the_line_and_nothing_of_it(line: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_seeds(f"account:ada\n# a comment\n{line}\n", "boats.txt")
    assert refused.value.where == "boats.txt, line 3"
    assert refused.value.hint
    assert "canary" not in str(refused.value)
    assert "canary" not in repr(refused.value)
    assert refused.value.__cause__ is None


@given(st.text() | st.text("act:ogps#\t\n\r .-1einf\ufeff\u2028\x00"))
def test_no_text_is_too_odd(text: str) -> None:
    """It is read, or refused with the line's number; nothing else comes out."""
    try:
        seeds = parse_seeds(text)
    except InputError as error:
        line = int(str(error.where).removeprefix("seeds, line "))
        assert 1 <= line <= text.count("\n") + 1
    else:
        assert all(seed.kind in KINDS and seed.name and seed.weight > 0 for seed in seeds)
        assert len({(seed.kind, seed.name) for seed in seeds}) == len(seeds)


@pytest.mark.parametrize(
    ("kind", "label", "weight"),
    [
        ("boat", "offender", 1.0),
        ("account", "guilty", 1.0),
        ("account", "offender", 0.0),
        ("account", "offender", float("nan")),
    ],
)
def test_a_seed_that_makes_no_sense_cannot_be_made(
    kind: str, label: LabelWord, weight: float
) -> None:
    with pytest.raises(UsageError) as refused:
        Seed(kind, "canary", label, weight)
    assert "canary" not in str(refused.value)


def test_a_seed_shows_no_name() -> None:
    assert repr(Seed("account", "canary")) == "<Seed account offender>"


# --- priors ------------------------------------------------------------------------------------


@given(kind=st.sampled_from(KINDS), name=URIS, odds=st.floats(-20, 20))
def test_the_subject_of_a_prior_is_written_as_that_of_a_seed(
    kind: str, name: str, odds: float
) -> None:
    try:
        (seed,) = parse_seeds(f"{kind}:{name}")
    except InputError:
        with pytest.raises(ValueError, match=r"subject|name"):
            parse_prior(f"{kind}:{name}", odds, "watch")
        return
    for given_odds in (odds, repr(odds)):
        prior = parse_prior(f"{kind}:{name}", given_odds, " watch ")
        assert prior == Prior(seed.kind, seed.name, odds, "watch")


def test_a_bare_subject_of_a_prior_is_an_account() -> None:
    assert parse_prior("ada", 2, "watch") == Prior("account", "ada", 2.0, "watch")


@pytest.mark.parametrize("odds", ["", "much", None, True, "nan", "inf", -20.5, 10**400, [1]])
def test_what_are_no_log_odds_is_refused(odds: object) -> None:
    with pytest.raises(ValueError, match="log-odds are not a number from -20 to 20"):
        parse_prior("canary", odds, "watch")
