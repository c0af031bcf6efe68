"""The platform as a whole: people, the acts on the stage, everybody's ordinary acts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from leeward.simulate import _families
from leeward.simulate._accounts import END, make_people, presence, set_circles
from leeward.simulate._attacks import Scene, act_out_attack
from leeward.simulate._bystanders import argue, look_on, pass_by, report, use_tag
from leeward.simulate._cast import make_cast
from leeward.simulate._chance import key_of
from leeward.simulate._gathering import Gathering
from leeward.simulate._order import Timeline, in_order
from leeward.simulate._posts import make_pool, write_posts
from leeward.simulate._reactions import write_reactions
from leeward.simulate._rows import ACCOUNT, FOLLOW, NOTHING, SUSPENSION, Rows, make_rows
from leeward.simulate._stage import Contents, Stage, deeds
from leeward.simulate._topics import Topics, make_topics

if TYPE_CHECKING:
    from leeward.simulate._accounts import People
    from leeward.simulate._cast import Cast
    from leeward.simulate._settings import Settings, Structure
    from leeward.simulate._types import Longs

__all__ = ["World", "make_world"]

_POSTS: Final = 0.17
"""The share of posts that begin a thread among ordinary acts."""
_BOT_POSTS: Final = 0.04
_STAGED: Final = 0.94
"""About what share of events is ordinary, for planning; what is left over becomes ordinary."""

_FAN_STRUCTURES: Final[tuple[Structure, ...]] = ("shared-posts", "hashtags", "trade")
_PEOPLE, _ROLES, _ACTS, _ORDINARY, _ORDER = range(5)


class World(NamedTuple):
    """Everything that happened, not yet as text.

    Attributes:
        settings: What was asked for.
        people, cast, topics: Who and what there is.
        timeline: All acts in order of time.
        contents: What the acts of the stage carry.
        first_staged: The row of the first of them.
        tags, links: All hashtags and links.
        ring_tags: The places of those hashtags that the ring uses as a ring.
    """

    settings: Settings
    people: People
    cast: Cast
    topics: Topics
    timeline: Timeline
    contents: Contents
    first_staged: int
    tags: list[str]
    links: list[str]
    ring_tags: Longs


def make_world(settings: Settings) -> World:
    """Let everything happen."""
    rng = _rng(settings, _PEOPLE)
    fans = settings.roles.fans
    topics = make_topics(rng, settings.accounts, fresh=200 + round(settings.ring * (2 + 2 * fans)))
    people = make_people(rng, settings.accounts, topics)
    cast = make_cast(_rng(settings, _ROLES), settings, people, topics)
    set_circles(rng, people)

    leavers = np.flatnonzero(people.suspended)
    first_staged = settings.accounts + len(leavers)
    stage = _stage(settings, people, topics, first_staged)
    scene = _act_out(stage, settings, cast)
    # An attack comes on top: everybody else does as much as without it.
    asked = round(settings.accounts * settings.events_per_account) - first_staged - stage.count
    act_out_attack(settings.attack, stage, scene)
    staged, contents = stage.finish()
    first_post = first_staged + len(staged.at)
    rows, first_reaction = _ordinary(settings, people, topics, first_post, asked)
    _existence(rows, people, leavers)
    for name, part in staged._asdict().items():
        getattr(rows, name)[first_staged:first_post] = part
    _follow_once(rows, first_post)
    del staged
    key = key_of(settings.seed, _ORDER)
    timeline = in_order(rows, first_post, first_reaction, people.end, key)
    return World(
        settings,
        people,
        cast,
        topics,
        timeline,
        contents,
        first_staged,
        stage.tags,
        stage.links,
        np.unique(scene.ring.tags),
    )


def _rng(settings: Settings, purpose: int) -> np.random.Generator:
    return np.random.default_rng([settings.seed, purpose])


def _stage(settings: Settings, people: People, topics: Topics, first: int) -> Stage:
    """An empty stage, which knows how much everybody will do beside it."""
    there = presence(people)
    each = (settings.events_per_account - 1) * _STAGED
    expected = there * (each * len(there) / there.sum())
    return Stage(_rng(settings, _ACTS), people, topics, first, expected)


def _act_out(stage: Stage, settings: Settings, cast: Cast) -> Scene:
    """All that is not everybody's ordinary activity, and where it leaves the ring."""
    people = stage.people
    photographs, copies = _families.live(stage, cast)
    shared_tag = int(stage.new_tags(1)[0])
    use_tag(stage, shared_tag, cast)
    targets = _families.targets_of(stage, photographs, cast.ring.cells)
    ring = Gathering(stage, cast.ring, settings.structure, targets, shared_tag)
    staying = cast.ring.members[people.end[cast.ring.members] == END]
    _families.reach_everybody(stage, targets, staying)
    look_on(stage, ring.posts, cast.bots)
    for meet, accounts in (
        (pass_by, cast.passers_by),
        (argue, cast.critics),
        (report, cast.flaggers),
    ):
        met = meet(stage, ring.posts, accounts)
        cast.role[np.setdiff1d(accounts, met)] = 0  # they were not there at the time
    fans = []
    for structure, group in zip(_FAN_STRUCTURES, cast.fans, strict=False):
        fans.append(Gathering(stage, group, structure))
        _be_met(stage, fans[-1], cast)
    if cast.neighbours is not None:
        beside = Gathering(stage, cast.neighbours, settings.structure, beside=ring)
        _be_met(stage, beside, cast)
    return Scene(cast, ring, fans, targets, copies)


def _be_met(stage: Stage, gathering: Gathering, cast: Cast) -> None:
    """Let people who do not belong to an innocent group come across its posts."""
    nobody = np.flatnonzero(cast.role == 0)
    outsiders = min(len(nobody), 5 * len(gathering.group.members))
    pass_by(stage, gathering.posts, stage.rng.choice(nobody, outsiders, replace=False))
    look_on(stage, gathering.posts, cast.bots)


def _ordinary(
    settings: Settings, people: People, topics: Topics, first_post: int, asked: int
) -> tuple[Rows, int]:
    """Rows for everything, with ``asked`` posts and reactions of everybody in them."""
    rng = _rng(settings, _ORDINARY)
    there = presence(people)
    total = max(asked, settings.accounts)
    acts = rng.multinomial(total, there / there.sum())
    posts = rng.binomial(acts, np.where(people.bot, _BOT_POSTS, _POSTS))
    first_reaction = first_post + int(posts.sum())
    rows = make_rows(first_post + total)
    written = rows.part(first_post, first_reaction)
    write_posts(written, posts, people, topics, key_of(settings.seed, _ACTS))
    pool = make_pool(written, people, topics, rng)
    write_reactions(
        rows.part(first_reaction, len(rows.at)),
        acts - posts,
        written,
        first_post,
        pool,
        people,
        topics,
        key_of(settings.seed, _ORDINARY),
    )
    return rows, first_reaction


def _existence(rows: Rows, people: People, leavers: Longs) -> None:
    """Accounts are made, and some are suspended."""
    count, last = len(people.created), len(people.created) + len(leavers)
    rows.at[:count] = people.created
    rows.actor[:count] = np.arange(count)
    rows.kind[:count] = ACCOUNT
    rows.at[count:last] = people.end[leavers]
    rows.actor[count:last] = leavers
    rows.kind[count:last] = SUSPENSION


def _follow_once(rows: Rows, first_post: int) -> None:
    """Whom somebody follows as a member of a group, they do not follow by themselves too."""
    place = np.flatnonzero(rows.kind == FOLLOW)
    staged = place < first_post
    done = deeds(rows.take(place))
    rows.kind[place[~staged][np.isin(done[~staged], done[staged])]] = NOTHING
