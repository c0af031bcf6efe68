"""Accounts that write about neutral things, a few of which write about one rare thing at times.

The worlds are made apart from the model under test: nothing here knows of n-grams or weights. In
the *English* world the words are of harbours, gardens, kitchens and the like, so that a sentence
encoder can tell them apart by what they mean. In the *made-up* world every word is syllables drawn
at random, as the words of a language are that no encoder has read.

The rare thing is a trade in old garden tools. It shares words with gardening, which many write
about: a message about it takes a part of its words from there.
"""

from __future__ import annotations

import random
from typing import Final, NamedTuple

__all__ = ["Account", "World", "make_world"]

_COMMON: Final = """
the a and to of in it is that for on with my this was are we at not have but so they had one all
about just like very some more out today again maybe still really what when where here there only
think know see make take good new old little long first last next over after before never always
"""
# Topic by topic; the first is the one that the rare messages lean on.
_TOPICS: Final = tuple(
    topic.split()
    for topic in (
        """soil seed bed rose tulip prune lawn hedge compost bulb weed mulch bloom border shrub
        plant root sprout trellis greenhouse fern lilac daisy gravel path lettuce bean pumpkin
        herb clay rain barrel slug petal vine orchard cutting graft frost""",
        """harbour boat mooring sail mast keel anchor rope tide pier buoy hull rudder deck ferry
        dock current wave lighthouse fishing net captain crew oar wind knot chart compass port
        starboard skipper cargo island channel cabin engine berth gull salt""",
        """rain storm cloud forecast wind snow frost sunny thunder degrees breeze fog hail humid
        drizzle lightning barometer front pressure warm cold spell flood drought heat shower sky
        gust mist icy melt season winter summer spring autumn dusk dawn""",
        """bread oven dough flour butter recipe soup onion garlic pan simmer bake roast pepper
        spice cake sugar cream sauce knife boil noodle rice dinner lunch plate taste salt yeast
        crust stew grill pickle jam honey basil lemon vanilla pastry""",
        """train station platform ticket timetable carriage track signal engine conductor line
        delay journey tunnel bridge express freight steam diesel coach whistle junction rail seat
        luggage commuter tram depot crossing locomotive fare crew departure arrival""",
        """chess opening gambit knight bishop rook pawn queen king checkmate board clock endgame
        tournament rating castle draw sacrifice fork pin tactic blitz resign master move rank
        file piece attack defence trap puzzle analysis round""",
        """song guitar chord drum band concert melody lyric album record stage singer bass piano
        tune rhythm chorus violin choir verse studio tour vinyl audience encore tempo harmony
        jazz folk string bow practice stage""",
        """book novel chapter author library page reader plot poem story shelf character cover
        print title writer fiction essay paragraph binding volume bookshop series sequel quote
        ending hero margin bookmark translation press edition""",
        """match goal team player coach referee league season score defender keeper pass penalty
        stadium fans kick win lose champion cup training half corner foul striker transfer squad
        pitch whistle substitute draw derby""",
        """bike wheel pedal helmet ride trail chain brake gear saddle tyre race climb descent
        road mountain puncture pump frame spoke handlebar sprint lap route kilometre bottle bell
        lane cyclist tandem basket commute""",
        """star planet telescope moon orbit comet galaxy eclipse rocket satellite nebula crater
        lens sky meteor launch probe dust ring gravity night observatory mars saturn jupiter
        constellation dark light distance mission""",
        """paint canvas brush colour sketch easel gallery portrait pencil charcoal frame pigment
        oil watercolour shade line exhibition sculpture clay palette paper ink print studio
        drawing museum varnish stroke light perspective""",
        """dog cat puppy kitten leash vet fur paw bark tail bowl walk treat collar purr groom
        rabbit hamster cage whisker kennel fetch toy nap pet litter park scratch breed aquarium
        parrot tortoise""",
    )
)
_RARE: Final = """
spade trowel hoe rake secateurs scythe sickle dibber shears billhook handle blade rust ash
ferrule forged maker stamp patina whetstone restore antique collector swap offer price postage
auction bundle crate restored vintage pair wanted haggle condition deal
"""
_NEAR: Final = 0  # the topic that rare messages lean on
_TEXTS: Final = 800  # of each topic
_OWN, _SHARED = 0.45, 0.15  # of a rare message's words: its own, and those of gardening
_SUFFIXES: Final = ("", "", "", "", "s", "ing", "ed")


class Account(NamedTuple):
    """What somebody wrote.

    Attributes:
        messages: The places of the texts in the world's ``texts``, in order.
        rare: Which of them are about the rare thing.
        positive: Whether they write about it again and again.
    """

    messages: tuple[int, ...]
    rare: tuple[bool, ...]
    positive: bool


class World(NamedTuple):
    """Labelled examples, and accounts that have nothing to do with them.

    Attributes:
        rare: Examples of rare messages.
        ordinary: Examples of others; one in 400 is rare all the same, as where nobody looked.
        texts: What people write; several may write the same, so that a slow program can be
            measured beside a fast one.
        accounts: Whom to rank.
    """

    rare: tuple[str, ...]
    ordinary: tuple[str, ...]
    texts: tuple[str, ...]
    accounts: tuple[Account, ...]


class _Words(NamedTuple):
    common: list[str]
    topics: list[list[str]]
    rare: list[str]
    suffixes: tuple[str, ...]


def make_world(
    seed: int, *, accounts: int, rare: int, ordinary: int = 2_000, made_up: bool = False
) -> World:
    """A world: one account in 200 is positive, and 5 to 20 % of what it writes is rare.

    One ordinary account in ten mentions the rare thing once.

    Args:
        seed: Decides everything; the accounts do not depend on the number of examples.
        accounts: How many there are to rank.
        rare: Examples of the rare messages.
        ordinary: Examples of others.
        made_up: Whether the words are made up.
    """
    rng = random.Random(seed)  # noqa: S311 - made-up messages
    words = _made_up(rng) if made_up else _english()
    topics = len(words.topics)
    texts = [_message(rng, words, n // _TEXTS) for n in range(_TEXTS * (topics + 1))]
    positives = max(2, accounts // 200)
    people = [_account(rng, topics, positive=n < positives) for n in range(accounts)]
    rng.shuffle(people)
    wanted = [topics] * rare
    others = [topics if rng.random() < 1 / 400 else rng.randrange(topics) for _ in range(ordinary)]
    return World(
        tuple(_message(rng, words, topic) for topic in wanted),
        tuple(_message(rng, words, topic) for topic in others),
        tuple(texts),
        tuple(people),
    )


def _account(rng: random.Random, topics: int, *, positive: bool) -> Account:
    count = min(200, max(5, round(rng.lognormvariate(3.6, 0.6))))
    liked = rng.sample(range(topics), rng.randint(1, 3))
    share = rng.uniform(0.05, 0.2)
    rare = [positive and rng.random() < share for _ in range(count)]
    if (positive and not any(rare)) or (not positive and rng.random() < 0.1):
        rare[rng.randrange(count)] = True
    messages = (
        (topics if one else rng.choice(liked)) * _TEXTS + rng.randrange(_TEXTS) for one in rare
    )
    return Account(tuple(messages), tuple(rare), positive)


def _message(rng: random.Random, words: _Words, topic: int) -> str:
    """A message about a topic; the one behind the last is the rare one."""
    rare = topic == len(words.topics)
    found = []
    for _ in range(rng.randint(4, 12)):
        draw = rng.random()
        if draw > _OWN + _SHARED:
            found.append(_early(rng, words.common))
            continue
        if rare:
            source = words.rare if draw < _OWN else words.topics[_NEAR]
        else:
            source = words.topics[topic]
        found.append(_early(rng, source) + rng.choice(words.suffixes))
    return " ".join(found) + rng.choice(("", "", ".", "!", "?"))


def _early(rng: random.Random, words: list[str]) -> str:
    """A word; those that stand early are said more often."""
    return words[int(len(words) * rng.random() ** 1.7)]


def _english() -> _Words:
    return _Words(_COMMON.split(), [list(topic) for topic in _TOPICS], _RARE.split(), _SUFFIXES)


def _made_up(rng: random.Random) -> _Words:
    """As many words as in English, each made of syllables and each only once."""
    known: set[str] = set()

    def word(most: int) -> str:
        while True:
            count = rng.randint(1 if most < 3 else 2, most)
            made = "".join(
                rng.choice("bdfghjklmnprstvwz") + rng.choice("aeiou") for _ in range(count)
            )
            if made not in known:
                known.add(made)
                return made

    common = [word(2) for _ in _COMMON.split()]
    topics = [[word(4) for _ in topic] for topic in _TOPICS]
    return _Words(
        common, topics, [word(4) for _ in _RARE.split()], ("", "", "", "", "ne", "tu", "ka")
    )
