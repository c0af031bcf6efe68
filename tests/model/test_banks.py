"""Hash banks: what may be set, what a value is, and what stands of the matches of one query."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeward.errors import InputError, UsageError
from leeward.model import (
    AUTOMATIC,
    CAUSES,
    HASH_OCTETS,
    MEANINGS,
    MEANINGS_ALLOW,
    BankEntry,
    BankMatch,
    BankPause,
    BankSettings,
    HashBank,
    Listing,
    Meaning,
    NewEntry,
    Provenance,
    Settled,
    check_bank_name,
    hash_octets,
    hash_text,
    settle_matches,
)

if TYPE_CHECKING:
    import random

CANARY = bytes(range(32))
PAUSE = BankPause(1, "Ada", "a flood")


def bank(
    meaning: Meaning = "illegal_verified", *, paused: bool = False, **settings: object
) -> HashBank:
    return HashBank(
        id=1,
        name="harbour",
        version=1,
        settings=BankSettings(meaning=meaning, source="a list", **settings),  # type: ignore[arg-type]
        paused=PAUSE if paused else None,
        created_at=1,
        created_by="Ada",
        changed_at=1,
        changed_by="Ada",
    )


# --- settings ----------------------------------------------------------------------------------


def test_a_new_bank_opens_cases_and_does_nothing_by_itself() -> None:
    for meaning in MEANINGS:
        settings = BankSettings(meaning=meaning, source="a list")
        assert (31, None) == (settings.distance, settings.automation_distance)
        assert not settings.may_cause & AUTOMATIC
        assert settings.may_cause == MEANINGS_ALLOW[meaning] - AUTOMATIC


@pytest.mark.parametrize("meaning", [m for m in MEANINGS if m != "illegal_verified"])
@pytest.mark.parametrize("cause", sorted(AUTOMATIC))
def test_only_a_verified_bank_may_be_given_what_acts_by_itself(
    meaning: Meaning, cause: str
) -> None:
    with pytest.raises(UsageError, match=f"may not cause {cause}"):
        bank(meaning, causes=frozenset({cause}))


@pytest.mark.parametrize("cause", [c for c in CAUSES if c != "protect"])
def test_a_protected_photograph_accuses_nobody(cause: str) -> None:
    with pytest.raises(UsageError, match="may not cause"):
        bank("protected_photograph", causes=frozenset({"protect", cause}))


@pytest.mark.parametrize(
    "settings",
    [
        {"distance": -1},
        {"distance": 65},
        {"review": 4},
        {"meaning": "boats"},
        {"causes": frozenset({"sink"})},
        {"automation_distance": 5},
        {"automation_distance": 32, "causes": frozenset({"hide"})},
        {"automation_distance": 5, "meaning": "exploitative"},
        {"automation_distance": 5, "meaning": "known_innocent", "causes": frozenset()},
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        BankSettings(**{"meaning": "illegal_verified", "source": "a list", **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["", "Harbour", "har bour", "-harbour", "h" * 65, "../harbour", "h\n"]
)
def test_a_name_that_is_no_word_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        check_bank_name(name)


# --- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", sorted(HASH_OCTETS))
@given(data=st.data())
def test_a_value_is_the_octets_that_its_digits_stand_for(
    algorithm: str, data: st.DataObject
) -> None:
    value = data.draw(st.binary(min_size=HASH_OCTETS[algorithm], max_size=HASH_OCTETS[algorithm]))
    digits = data.draw(st.sampled_from([value.hex(), value.hex().upper(), f"  {value.hex()}\n"]))
    name = data.draw(st.sampled_from([algorithm, algorithm.upper(), f" {algorithm} "]))
    assert hash_octets(name, digits) == (algorithm, value)
    assert hash_text(value) == value.hex()


@given(st.text(max_size=140))
def test_a_text_that_is_no_value_is_refused_and_not_repeated(text: str) -> None:
    for algorithm, octets in HASH_OCTETS.items():
        digits = text.strip()
        good = len(digits) == 2 * octets and set(digits) <= set("0123456789abcdefABCDEF")
        if good:
            continue
        with pytest.raises(InputError) as caught:
            hash_octets(algorithm, text)
        assert len(digits) < 12 or digits not in str(caught.value)


def test_blanks_between_digits_are_not_passed_over() -> None:
    with pytest.raises(InputError, match="not hexadecimal"):
        hash_octets("md5", "00 " * 16)
    with pytest.raises(InputError, match="not hexadecimal"):
        hash_octets("md5", "0 " * 16)


def test_an_unknown_algorithm_is_taken_only_where_it_is_licensed() -> None:
    with pytest.raises(InputError, match="unknown algorithm"):
        hash_octets("photodna", "00ff")
    assert hash_octets("PhotoDNA", "00ff", {"photodna"}) == ("photodna", b"\x00\xff")
    for text in ("", "0", "0g", "00" * 2_049):
        with pytest.raises(InputError):
            hash_octets("photodna", text, {"photodna"})


def test_no_repr_shows_a_value() -> None:
    told = Provenance(exchange="hotline", external_id=CANARY.hex())
    listing = Listing(number=1, provenance=told, added_at=1, added_by="Ada")
    entry = BankEntry(id=1, bank="harbour", algorithm="pdq", value=CANARY, listings=(listing,))
    for shown in (told, NewEntry("pdq", CANARY, told), listing, entry, [entry]):
        for text in (repr(shown), str(shown), f"{shown}"):
            assert CANARY.hex() not in text
            assert repr(CANARY)[2:20] not in text


# --- the rule ----------------------------------------------------------------------------------


def match(
    of: HashBank, distance: float = 0, algorithm: str = "pdq", *, paused: bool = False
) -> BankMatch:
    return BankMatch(bank=of, entry=1, algorithm=algorithm, distance=distance, paused=paused)


HIDES = bank(causes=frozenset({"open_case", "hide"}), automation_distance=6)
INNOCENT = bank("known_innocent")
PROTECTED = bank("protected_photograph")


@pytest.mark.parametrize(
    ("matches", "causes"),
    [
        ([], set()),
        ([match(HIDES, 6)], {"open_case", "hide"}),
        ([match(HIDES, 7)], {"open_case"}),
        ([match(HIDES, 32)], set()),
        ([match(HIDES, 0, "sha256")], {"open_case", "hide"}),
        ([match(HIDES, 0, "photodna")], {"open_case"}),
        ([match(HIDES, 6, paused=True)], set()),
        ([match(bank(paused=True), 6)], set()),
        ([match(HIDES, 6), match(INNOCENT, 6)], set()),
        ([match(HIDES, 6), match(INNOCENT, 7)], {"open_case", "hide"}),
        ([match(HIDES, 6), match(INNOCENT, 0, paused=True)], {"open_case", "hide"}),
        ([match(HIDES, 0, "sha256"), match(INNOCENT, 0)], {"open_case", "hide"}),
        ([match(HIDES, 3), match(INNOCENT, 0, "sha256")], set()),
        # Two files with one MD5 can be made on purpose: it clears nothing but itself.
        ([match(HIDES, 3), match(INNOCENT, 0, "md5")], {"open_case", "hide"}),
        ([match(PROTECTED, 3)], {"protect"}),
        ([match(PROTECTED, 3), match(INNOCENT, 0, "sha256")], {"protect"}),
    ],
)
def test_what_follows_from_some_matches(matches: list[BankMatch], causes: set[str]) -> None:
    assert settle_matches(matches).causes == causes


SETTINGS = st.one_of(
    st.builds(
        bank,
        st.sampled_from(MEANINGS),
        distance=st.integers(0, 64),
        paused=st.booleans(),
    ),
    st.builds(
        lambda distance, closer, causes, paused: bank(
            distance=distance,
            automation_distance=None if closer is None else distance * closer // 64,
            causes=frozenset(causes | {"hide"}),
            paused=paused,
        ),
        st.integers(0, 64),
        st.none() | st.integers(0, 64),
        st.sets(st.sampled_from(["open_case", "refuse_upload"])),
        st.booleans(),
    ),
)
DISTANCES = st.one_of(
    st.tuples(st.just("pdq"), st.integers(0, 64)),
    st.tuples(st.sampled_from(["sha256", "sha1", "md5", "photodna"]), st.just(0)),
)
MATCHES = st.lists(
    st.builds(
        lambda of, near, paused: match(of, near[1], near[0], paused=paused),
        SETTINGS,
        DISTANCES,
        st.booleans(),
    ),
    max_size=6,
)


def is_paused(one: BankMatch) -> bool:
    return one.paused or one.bank.paused is not None


def meaning(one: BankMatch) -> str:
    return one.bank.settings.meaning


@given(MATCHES)
def test_every_match_stands_or_is_suppressed_or_is_too_far(matches: list[BankMatch]) -> None:
    settled = settle_matches(matches)
    far = [m for m in matches if m.algorithm == "pdq" and m.distance > m.bank.settings.distance]
    kept = [found.match for found in settled.standing]
    assert len(kept) + len(settled.suppressed) + len(far) == len(matches)
    assert not {id(m) for m in far} & {id(m) for m in [*kept, *settled.suppressed]}


@given(MATCHES)
def test_nothing_acts_by_itself_beyond_what_the_operator_set(matches: list[BankMatch]) -> None:
    for found in settle_matches(matches).standing:
        of = found.match.bank.settings
        assert found.causes <= of.may_cause
        if found.causes & AUTOMATIC:
            assert of.meaning == "illegal_verified"
            assert not is_paused(found.match)
            if found.match.algorithm == "pdq":
                assert of.automation_distance is not None
                assert found.match.distance <= of.automation_distance
            else:
                assert found.match.algorithm in {"sha256", "sha1", "md5"}


@given(MATCHES)
def test_what_is_paused_causes_nothing_and_asks_for_a_person(matches: list[BankMatch]) -> None:
    settled = settle_matches(matches)
    paused = [found for found in settled.standing if is_paused(found.match)]
    assert all(found.causes == frozenset() and found.withheld for found in paused)
    assert settled.needs_person is bool(paused)


@given(MATCHES)
def test_protection_accuses_nobody_and_is_never_taken_away(matches: list[BankMatch]) -> None:
    settled = settle_matches(matches)
    protected = [m for m in matches if meaning(m) == "protected_photograph"]
    assert not any(meaning(m) == "protected_photograph" for m in settled.suppressed)
    alone = settle_matches(protected)
    assert alone.causes <= {"protect"}
    assert not alone.accuses
    assert ("protect" in settled.causes) == ("protect" in alone.causes)


@given(MATCHES, st.integers(0, 64))
def test_innocence_only_takes_away(matches: list[BankMatch], distance: int) -> None:
    known = match(bank("known_innocent", distance=64), distance)
    before, after = settle_matches(matches), settle_matches([*matches, known])
    assert after.causes <= before.causes
    for gone in after.suppressed:
        assert meaning(gone) not in {"known_innocent", "protected_photograph"}
        assert gone in before.suppressed or (gone.algorithm == "pdq" and distance <= gone.distance)


@given(MATCHES)
def test_a_paused_innocence_suppresses_nothing(matches: list[BankMatch]) -> None:
    rest = [m for m in matches if not (is_paused(m) and meaning(m) == "known_innocent")]
    assert settle_matches(matches).causes == settle_matches(rest).causes
    assert settle_matches(matches).suppressed == settle_matches(rest).suppressed


@given(MATCHES, st.randoms(use_true_random=False))
def test_the_order_of_matches_does_not_matter(
    matches: list[BankMatch], chance: random.Random
) -> None:
    other = list(matches)
    chance.shuffle(other)
    one, two = settle_matches(matches), settle_matches(other)

    def told(settled: Settled) -> list[object]:
        shown = sorted(repr((f.match, sorted(f.causes), f.withheld)) for f in settled.standing)
        return [shown, settled.causes, settled.needs_person, settled.accuses]

    assert told(one) == told(two)


def test_settings_come_back_from_json_as_they_were() -> None:
    body = msgspec.json.encode(HIDES)
    assert msgspec.json.decode(body, type=HashBank) == HIDES
