"""What a person may ask of the simulation, and what cannot be done."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

import msgspec

from leeward.errors import UsageError

__all__ = [
    "ATTACKS",
    "FAN_COMMUNITIES",
    "SMALLEST_CELL",
    "STRUCTURES",
    "Attack",
    "RoleSizes",
    "Settings",
    "Structure",
]

Structure: TypeAlias = Literal[
    "shared-posts", "hashtags", "migrating", "trade", "adjacent", "links"
]
Attack: TypeAlias = Literal["none", "flags", "follows", "flood", "fans"]

STRUCTURES: Final[dict[Structure, str]] = {
    "shared-posts": "a few make posts, the others repost and like them",
    "hashtags": "made-up hashtags that change every few days, and invitations",
    "migrating": "accounts that are suspended and return under another name",
    "trade": "offers in replies under photographs of children, and answers to them",
    "adjacent": "shared posts under hashtags that an innocent community beside it uses as well",
    "links": "outside links in ordinary-looking posts, and hardly a reaction to each other",
}
"""The ways in which a ring may be organised."""

ATTACKS: Final[dict[Attack, str]] = {
    "none": "the ring does nothing against being found",
    "flags": "members report tainted posts of their own ring and argue under them",
    "follows": "members follow, like and name owners of photographs and their families",
    "flood": "tainted posts in a fan community, whose members come across them",
    "fans": "members take part in fan communities as if they were fans",
}
"""What a ring may do to mislead those who look for it."""

FAN_COMMUNITIES: Final = 3
SMALLEST_CELL: Final = 8

MIN_ACCOUNTS: Final = 200
MIN_RING: Final = 8
MIN_EVENTS_PER_ACCOUNT: Final = 8
RING_SHARE: Final = 20
"""The ring is at most one in so many accounts, so that everybody beside it finds a place."""

MAX_EVENTS: Final = 100_000_000
"""A row's time (37 bits of milliseconds) and its number (27 bits) are sorted as one integer."""

MAX_SEED: Final = 2**63 - 1


class RoleSizes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many accounts have the roles beside the ring, as multiples of the ring's size.

    Attributes:
        fans: All fan communities together; there are three.
        children: Owners of targeted photographs.
        family: Relatives of these children.
        schools: Schools and clubs.
        critics: People who argue against the ring.
        flaggers: People who report its posts.
        passers_by: People who touched exactly one post of the ring.
        tag_users: People who use one of the ring's hashtags for something else.
        neighbours: The community beside the ring; of the structure ``adjacent`` only.
        bots: Automated accounts, as a share of all accounts (not of the ring).
    """

    fans: float = 3.0
    children: float = 0.25
    family: float = 1.0
    schools: float = 0.08
    critics: float = 0.5
    flaggers: float = 0.5
    passers_by: float = 2.0
    tag_users: float = 1.0
    neighbours: float = 1.0
    bots: float = 0.002


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A platform to be simulated; equal settings give equal files.

    Attributes:
        accounts: How many accounts there are, the ring included.
        ring: How many of them are in the ring.
        seed: Other seeds give other platforms of the same kind.
        structure: How the ring is organised; one of :data:`STRUCTURES`.
        events_per_account: The mean; the total may fall short of it by a percent or so.
        roles: How many people stand beside the ring.
        attack: What the ring does to mislead; one of :data:`ATTACKS`. It comes on top of what
            happens without it.
    """

    accounts: int
    ring: int
    seed: int = 0
    structure: Structure = "shared-posts"
    events_per_account: float = 25.0
    roles: RoleSizes = RoleSizes()
    attack: Attack = "none"

    @property
    def fans_each(self) -> int:
        """How many members each fan community has; 0 where there are too few for a cell."""
        size = round(self.roles.fans * self.ring / FAN_COMMUNITIES)
        return size if size >= SMALLEST_CELL else 0

    def check(self) -> None:
        """Refuse what cannot be simulated.

        Raises:
            UsageError: Something is too small, too large or unknown.
        """
        if self.accounts < MIN_ACCOUNTS:
            _refuse(
                f"a platform needs at least {MIN_ACCOUNTS} accounts", "accounts", "ask for more"
            )
        if not self.ring >= MIN_RING:
            _refuse(f"a ring has at least {MIN_RING} accounts", "ring", "ask for a larger ring")
        if self.ring * RING_SHARE > self.accounts:
            hint = f"ask for {self.ring * RING_SHARE:,} accounts, or a ring of "
            hint += f"{self.accounts // RING_SHARE:,}"
            _refuse(f"a ring is at most one in {RING_SHARE} accounts", "ring", hint)
        if not 0 <= self.seed <= MAX_SEED:
            _refuse("a seed is a whole number from 0 to 2^63 - 1", "seed", "choose another")
        if self.structure not in get_args(Structure):
            _refuse("there is no such structure", "structure", "one of " + ", ".join(STRUCTURES))
        if self.attack not in get_args(Attack):
            _refuse("there is no such attack", "attack", "one of " + ", ".join(ATTACKS))
        if not self.events_per_account >= MIN_EVENTS_PER_ACCOUNT:
            what = f"an account needs at least {MIN_EVENTS_PER_ACCOUNT} events on average"
            _refuse(what, "events_per_account", "ask for more")
        if self.accounts * self.events_per_account > MAX_EVENTS:
            most = f"at most {MAX_EVENTS:,} events can be simulated"
            _refuse(most, "accounts", "ask for fewer accounts, or fewer events an account")
        self._check_roles()

    def _check_roles(self) -> None:
        sizes = msgspec.structs.asdict(self.roles)
        for name, size in sizes.items():
            if not 0 <= size < float("inf"):
                _refuse("the size of a role is 0 or more", f"roles.{name}", "choose another")
        if self.attack in ("flood", "fans") and not self.fans_each:
            hint = f"{FAN_COMMUNITIES * SMALLEST_CELL / self.ring:.2g} times the ring or more"
            _refuse("there is no fan community to be attacked", "roles.fans", hint)
        bots = sizes.pop("bots")
        if self.structure != "adjacent":
            del sizes["neighbours"]
        others = self.ring * (1 + sum(sizes.values())) + self.accounts * bots
        if others > 0.9 * self.accounts:
            hint = "make the ring or the roles beside it smaller, or ask for more accounts"
            _refuse("fewer than a tenth of the accounts would be ordinary", "roles", hint)


def _refuse(message: str, where: str, hint: str) -> None:
    raise UsageError(message, where=where, hint=hint)
