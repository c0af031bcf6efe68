"""The settings of one data folder, as ``leeward.toml`` holds them.

Every field has a default, so that an absent file is a sound one. Reading the file is the
store's work; here is only what may stand in it.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias, cast, get_args

import msgspec
from msgspec import Meta, Struct

from leeward.model._event import Kind

__all__ = [
    "Age",
    "BanksSettings",
    "ExchangeKind",
    "ExchangeSettings",
    "FetchSettings",
    "InForce",
    "LogSettings",
    "Origin",
    "OriginSettings",
    "RetentionSettings",
    "ScoringSettings",
    "ServerSettings",
    "Settings",
    "SignalKind",
    "SignalSettings",
    "TablesSettings",
    "in_force",
    "settings_of",
]

Positive: TypeAlias = Annotated[int, Meta(ge=1, le=2**53)]
Origin: TypeAlias = Literal["default", "file"]
Variable: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}\Z")]
Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=2_048)]
Words: TypeAlias = Annotated[tuple[Text, ...], Meta(max_length=1_000)]
ExchangeKind: TypeAlias = Literal["ncmec", "stopncii", "threatexchange", "arachnid", "files"]
SignalKind: TypeAlias = Literal[
    "lexicon",
    "rare-text",
    "rare-text-thread",
    "template",
    "media-context",
    "thread-context",
    "account-context",
    "tag-context",
    "community-context",
]

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_UNITS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_AGE: Final = re.compile(r"([1-9][0-9]{0,8})([wdhms])", re.ASCII)
_MINUTE: Final = 60
_DAY: Final = 86_400
# Up to the last @, since a password may itself hold one: rather hide too much than too little.
_USERINFO: Final = re.compile(r"(?<=://).*@", re.DOTALL)
_SECRET_QUERY: Final = re.compile(r"(?i)([?&][^=&]*pass[^=&]*=)[^&]*")


class Age(int):
    """A length of time in whole seconds, written as a number and a unit: ``90d``.

    The units are ``w``, ``d``, ``h``, ``m`` and ``s``; the number has at most nine digits.
    Months and years are left out: they have no one length.

    >>> Age.parse("36h") == 129_600, str(Age(86_400 * 90))
    (True, '90d')
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Age:
        """Read an age.

        Raises:
            ValueError: It is not a positive number and a unit.
        """
        match = _AGE.fullmatch(text)
        if match is None:
            raise ValueError("Expected a number and a unit (w, d, h, m or s), as `90d`")
        return cls(int(match[1]) * _UNITS[match[2]])

    def __str__(self) -> str:
        unit = next(unit for unit in "dhms" if self % _UNITS[unit] == 0)
        return f"{int(self) // _UNITS[unit]}{unit}"

    __repr__ = __str__


class _Group(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the file."""


class LogSettings(_Group, frozen=True):
    """``[log]``: the event log.

    Attributes:
        seal_events: Hot rows at which they are sealed into segments.
        queue_events: Events that may wait for the writer; beyond it input is turned away.
        quarantine_bytes: Bytes of refused input that are kept; beyond it input that holds
            something to refuse is turned away whole.
    """

    seal_events: Positive = 500_000
    queue_events: Positive = 200_000
    quarantine_bytes: Positive = 1 << 30


class RetentionSettings(_Group, frozen=True):
    """``[retention]``: the age at which events of a kind are dropped; none: kept for ever."""

    account: Age | None = None
    post: Age | None = None
    media: Age | None = None
    repost: Age | None = None
    like: Age | None = None
    follow: Age | None = None
    hashtag: Age | None = None
    poll: Age | None = None
    flag: Age | None = None

    def ages(self) -> dict[Kind, int]:
        """The kinds that are not kept for ever, with their ages in seconds."""
        ages = {kind: getattr(self, kind) for kind in get_args(Kind)}
        return cast("dict[Kind, int]", {kind: age for kind, age in ages.items() if age is not None})


class ServerSettings(_Group, frozen=True):
    """``[server]``: the HTTP door.

    Attributes:
        host: The address to listen on.
        port: The port; 0 takes any that is free.
        max_body_bytes: The largest request body, as it arrives and as it is unpacked.
        key_cache_seconds: How long an API key is trusted without a look at the tables, and so
            how long a revoked one may live on.
    """

    host: Annotated[str, Meta(min_length=1, max_length=255)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8480
    max_body_bytes: Positive = 16 << 20
    key_cache_seconds: Annotated[int, Meta(ge=0, le=3_600)] = 10


class TablesSettings(_Group, frozen=True):
    """``[tables]``: the operational tables.

    Attributes:
        url: ``sqlite:///FILE``, a relative file lying in the data folder, or
            ``postgresql+psycopg://USER@HOST:PORT/DATABASE``.
        password_env: The environment variable that holds PostgreSQL's password.
    """

    url: Text = "sqlite:///leeward.db"
    password_env: Variable | None = None

    def __repr__(self) -> str:
        """The address without its password."""
        return f"TablesSettings(url={_masked(self.url)!r}, password_env={self.password_env!r})"


class BanksSettings(_Group, frozen=True):
    """``[banks]``: matching with hash banks.

    Attributes:
        flood_matches: Matches of one entry within the window from which on it may be a flood.
        flood_window: The window, a minute to a day.
        flood_times: How many times more than usual they must be.
        positions: In which positions an uploaded picture is searched for: in all ``eight``
            (turned by right angles, mirrored), or ``one``, as it is shown.
        video_bank_percent: Share of a known video's frames that must be in an uploaded one.
        video_query_percent: Share of an uploaded video's frames that must be in the known one.
    """

    flood_matches: Positive = 1_000
    flood_window: Age = Age(3_600)
    flood_times: Positive = 10
    positions: Annotated[str, Meta(pattern=r"^(one|eight)\Z")] = "eight"
    video_bank_percent: Annotated[int, Meta(ge=1, le=100)] = 80
    video_query_percent: Annotated[int, Meta(ge=0, le=100)] = 0

    def __post_init__(self) -> None:
        """Refuse a window that says nothing."""
        if not _MINUTE <= self.flood_window <= _DAY:
            raise ValueError("Expected a length from `1m` to `1d` in flood_window")


class ExchangeSettings(_Group, frozen=True):
    """``[exchanges.NAME]``: where a list of hashes comes from.

    Attributes:
        kind: Which protocol it speaks: ``ncmec``, ``stopncii``, ``threatexchange``, ``arachnid``
            or ``files``.
        bank: The bank that it is read into; none for a look-up service, which gives no list.
        address: Its address, where it is not the usual one. For NCMEC the name of one of its
            lists will do (``industry``, ``ngo`` ...).
        user_env, password_env: Variables with the credentials of NCMEC and of Arachnid Shield.
        key_env, fetch_key_env, feedback_key_env: Variables with StopNCII's subscription key and
            its function keys; the last is needed only for feedback.
        token_env: Variable with ThreatExchange's access token.
        group: ThreatExchange's privacy group.
        path: The file or folder of ``files``; a relative one lies in the data folder.
        members: The members of NCMEC whose entries are wanted; all, if there are none.
        licensed: Algorithms that are used besides those that Leeward knows.
        proxy_env: Variable with the address of a proxy.
        allowed_age: Age of the last completed sync beyond which the exchange is stale.
    """

    kind: ExchangeKind
    bank: Text | None = None
    address: Text | None = None
    user_env: Variable | None = None
    password_env: Variable | None = None
    key_env: Variable | None = None
    fetch_key_env: Variable | None = None
    feedback_key_env: Variable | None = None
    token_env: Variable | None = None
    group: Text | None = None
    path: Text | None = None
    members: Words = ()
    licensed: Words = ()
    proxy_env: Variable | None = None
    allowed_age: Age = Age(86_400)

    def __repr__(self) -> str:
        """The kind and the bank: an address may hold a password."""
        return f"ExchangeSettings(kind={self.kind!r}, bank={self.bank!r})"


class FetchSettings(_Group, frozen=True):
    """``[fetch]``: media that arrive without a hash. Without an origin nothing is fetched.

    Attributes:
        max_age: Media of events that the log received longer ago are not fetched.
        workers: Requests at a time, to all origins together. Each holds one file in memory.
        hashers: Processes that hash what was fetched.
        attempts: How often a media item is tried before it is given up.
        first_wait: Time until the second try; each later one waits four times as long.
        longest_wait: The longest time between two tries, and for which an origin is left alone.
        waiting: Media of one origin that may wait in the tables; beyond it the log is not
            followed for that origin until half of them are done.
    """

    max_age: Age = Age(30 * 86_400)
    workers: Annotated[int, Meta(ge=1, le=64)] = 4
    hashers: Annotated[int, Meta(ge=1, le=64)] = 1
    attempts: Annotated[int, Meta(ge=1, le=100)] = 6
    first_wait: Age = Age(30)
    longest_wait: Age = Age(6 * 3_600)
    waiting: Annotated[int, Meta(ge=1, le=10_000_000)] = 100_000


class OriginSettings(_Group, frozen=True):
    """``[origins.NAME]``: where media may be fetched from.

    Attributes:
        url: Scheme, host and port, and a folder where only that is meant:
            ``https://cdn.example/media/``. Names below a host are not covered by it.
        networks: Networks that are not public in which the origin may lie, as ``10.2.0.0/16``.
        per_minute: Requests a minute.
        parallel: Requests at a time.
        max_bytes: Bytes of one file, as it arrives and as it is unpacked.
        connect_seconds: Time for the look-up of the name, and for each connection.
        total_seconds: Time for one file from the look-up to the last byte, redirects included.
        redirects: Redirects that are followed for one file, to listed origins only.
        header: Name of a header that the origin asks for, as ``authorization``.
        header_env: Variable with the value of that header.
    """

    url: Text
    networks: Words = ()
    per_minute: Annotated[int, Meta(ge=1, le=1_000_000)] = 300
    parallel: Annotated[int, Meta(ge=1, le=64)] = 2
    max_bytes: Annotated[int, Meta(ge=1, le=1 << 30)] = 32 << 20
    connect_seconds: Annotated[int, Meta(ge=1, le=300)] = 10
    total_seconds: Annotated[int, Meta(ge=1, le=3_600)] = 120
    redirects: Annotated[int, Meta(ge=0, le=10)] = 3
    header: Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}\Z")] | None = None
    header_env: Variable | None = None

    def __repr__(self) -> str:
        """Without the address, which may hold a password."""
        return f"OriginSettings(networks={self.networks!r}, header_env={self.header_env!r})"


class ScoringSettings(_Group, frozen=True):
    """``[scoring]``: signals and policies over the events of the log.

    Attributes:
        on: Whether a server scores what comes in. Without it, `leeward score` does.
    """

    on: bool = True


class SignalSettings(_Group, frozen=True):
    """``[signals.NAME]``: a detector. Those that need nothing are on without being named here.

    Attributes:
        kind: Which detector; the name, where that is one of the kinds. ``lexicon``, ``rare-text``,
            ``rare-text-thread``, ``template``, ``media-context``, ``thread-context``,
            ``account-context``, ``tag-context`` or ``community-context``.
        on: Whether it looks at events.
        path: Its list or model; a relative one lies in the data folder. A lexicon needs one, in
            a file that ends with ``.csv``, ``.jsonl`` or ``.toml``.
        disguised: Whether a lexicon also looks for terms in disguise.
    """

    kind: SignalKind | None = None
    on: bool = True
    path: Text | None = None
    disguised: bool = True


class _File(_Group, frozen=True):
    """The file as a whole."""

    log: LogSettings = LogSettings()
    retention: RetentionSettings = RetentionSettings()
    server: ServerSettings = ServerSettings()
    tables: TablesSettings = TablesSettings()
    banks: BanksSettings = BanksSettings()
    fetch: FetchSettings = FetchSettings()
    scoring: ScoringSettings = ScoringSettings()
    exchanges: dict[str, ExchangeSettings] = {}
    origins: dict[str, OriginSettings] = {}
    signals: dict[str, SignalSettings] = {}


class Settings(_File, frozen=True):
    """All settings of a data folder.

    Attributes:
        log, retention, server, tables, banks, fetch, scoring: The groups.
        exchanges: The exchanges, by their names.
        origins: The origins of media, by their names.
        signals: The detectors, by their names.
        given: The keys, as ``log.seal_events``, that the file sets. Not itself a setting.
    """

    given: frozenset[str] = frozenset()


class InForce(NamedTuple):
    """One line of ``leeward status``.

    Attributes:
        key: As ``log.seal_events``.
        value: As it would stand in the file, secrets masked; None is "not set".
        origin: Whether the file sets it.
    """

    key: str
    value: str | int | None
    origin: Origin


def settings_of(raw: dict[str, Any]) -> Settings:
    """Settings from the decoded file.

    Raises:
        msgspec.ValidationError: A key is not known, or a value cannot be used. The message
            holds no value.
    """
    for kind, struct in _NAMED.items():
        each = raw.get(kind, {})
        if isinstance(each, dict):
            for name, keys in each.items():
                _check_named(kind, struct, name, keys)
    file = msgspec.convert(raw, _File, dec_hook=_decode)
    groups = {group: keys for group, keys in raw.items() if group not in _NAMED}
    for kind in _NAMED:
        groups |= {f"{kind}.{name}": keys for name, keys in raw.get(kind, {}).items()}
    given = frozenset(f"{group}.{key}" for group, keys in groups.items() for key in keys)
    groups_read = {name: getattr(file, name) for name in _File.__struct_fields__}
    return Settings(**groups_read, given=given)


def in_force(settings: Settings) -> list[InForce]:
    """Every setting with its value and where that comes from, in the order of the groups.

    Of an exchange or an origin, what does not concern it is left out.
    """
    parts = {name: getattr(settings, name) for name in _File.__struct_fields__}
    groups = {name: values for name, values in parts.items() if name not in _NAMED}
    named = {f"{kind}.{name}": v for kind in _NAMED for name, v in parts[kind].items()}
    lines = []
    for group, values in (groups | named).items():
        for field in values.__struct_fields__:
            key, value = f"{group}.{field}", getattr(values, field)
            origin: Origin = "file" if key in settings.given else "default"
            if group in groups or origin == "file" or value not in (None, ()):
                lines.append(InForce(key, _shown(value), origin))
    return lines


_NAMED: Final[dict[str, type[_Group]]] = {
    "exchanges": ExchangeSettings,
    "origins": OriginSettings,
    "signals": SignalSettings,
}
"""Groups of which there are many, each with a name."""


def _check_named(kind: str, struct: type[_Group], name: str, keys: Any) -> None:
    """Look at one of many by itself: msgspec does not say in which one a mistake is."""
    if not _NAME.fullmatch(name):
        raise msgspec.ValidationError(
            f"Expected names of at most 64 small letters, digits, - and _ - at `$.{kind}`"
        )
    try:
        msgspec.convert(keys, struct, dec_hook=_decode)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        if reason.startswith("Invalid enum value"):  # the message would hold the value
            kinds = SignalKind if struct is SignalSettings else ExchangeKind
            reason = f"Expected one of {', '.join(get_args(kinds))}"
        raise msgspec.ValidationError(
            f"{reason} - at `$.{kind}.{name}{place.removesuffix('`')}`"
        ) from None


def _decode(kind: type, value: Any) -> Any:
    if kind is Age and isinstance(value, str):
        return Age.parse(value)
    raise ValueError("Expected a number and a unit (w, d, h, m or s) as `str`, as `90d`")


def _shown(value: Any) -> str | int | None:
    if isinstance(value, Age):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return msgspec.json.encode(value).decode()
    return _masked(value) if isinstance(value, str) else cast("int | None", value)


def _masked(text: str) -> str:
    """An address with neither its password nor a secret parameter; other text as it is."""
    return _SECRET_QUERY.sub(r"\1***", _USERINFO.sub(_without_password, text))


def _without_password(match: re.Match[str]) -> str:
    user, colon, _ = match[0].partition(":")
    return f"{user}:***@" if colon else match[0]
