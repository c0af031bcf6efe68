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
    "ExchangeKind",
    "ExchangeSettings",
    "InForce",
    "LogSettings",
    "Origin",
    "RetentionSettings",
    "ServerSettings",
    "Settings",
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

_EXCHANGE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_UNITS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_AGE: Final = re.compile(r"([1-9][0-9]{0,8})([wdhms])", re.ASCII)
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


class _File(_Group, frozen=True):
    """The file as a whole."""

    log: LogSettings = LogSettings()
    retention: RetentionSettings = RetentionSettings()
    server: ServerSettings = ServerSettings()
    tables: TablesSettings = TablesSettings()
    exchanges: dict[str, ExchangeSettings] = {}


class Settings(_File, frozen=True):
    """All settings of a data folder.

    Attributes:
        log, retention, server, tables: The groups.
        exchanges: The exchanges, by their names.
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
    exchanges = raw.get("exchanges", {})
    if isinstance(exchanges, dict):
        for name, keys in exchanges.items():
            _check_exchange(name, keys)
    file = msgspec.convert(raw, _File, dec_hook=_decode)
    groups = {group: keys for group, keys in raw.items() if group != "exchanges"}
    groups |= {f"exchanges.{name}": keys for name, keys in exchanges.items()}
    given = frozenset(f"{group}.{key}" for group, keys in groups.items() for key in keys)
    return Settings(
        log=file.log,
        retention=file.retention,
        server=file.server,
        tables=file.tables,
        exchanges=file.exchanges,
        given=given,
    )


def in_force(settings: Settings) -> list[InForce]:
    """Every setting with its value and where that comes from, in the order of the groups.

    Of an exchange, what does not concern it is left out.
    """
    named = settings.exchanges.items()
    groups = {name: getattr(settings, name) for name in _File.__struct_fields__[:-1]}
    lines = []
    for group, values in (groups | {f"exchanges.{name}": values for name, values in named}).items():
        for field in values.__struct_fields__:
            key, value = f"{group}.{field}", getattr(values, field)
            origin: Origin = "file" if key in settings.given else "default"
            if group in groups or origin == "file" or value not in (None, ()):
                lines.append(InForce(key, _shown(value), origin))
    return lines


def _check_exchange(name: str, keys: Any) -> None:
    """Look at one exchange by itself: msgspec does not say in which one of many a mistake is."""
    if not _EXCHANGE.fullmatch(name):
        raise msgspec.ValidationError(
            "Expected names of at most 64 small letters, digits, - and _ - at `$.exchanges`"
        )
    try:
        msgspec.convert(keys, ExchangeSettings, dec_hook=_decode)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        if reason.startswith("Invalid enum value"):  # the message would hold the value
            reason = f"Expected one of {', '.join(get_args(ExchangeKind))}"
        raise msgspec.ValidationError(
            f"{reason} - at `$.exchanges.{name}{place.removesuffix('`')}`"
        ) from None


def _decode(kind: type, value: Any) -> Any:
    if kind is Age and isinstance(value, str):
        return Age.parse(value)
    raise ValueError("Expected a number and a unit (w, d, h, m or s) as `str`, as `90d`")


def _shown(value: Any) -> str | int | None:
    if isinstance(value, Age):
        return str(value)
    if isinstance(value, tuple):
        return msgspec.json.encode(value).decode()
    return _masked(value) if isinstance(value, str) else cast("int | None", value)


def _masked(text: str) -> str:
    """An address with neither its password nor a secret parameter; other text as it is."""
    return _SECRET_QUERY.sub(r"\1***", _USERINFO.sub(_without_password, text))


def _without_password(match: re.Match[str]) -> str:
    user, colon, _ = match[0].partition(":")
    return f"{user}:***@" if colon else match[0]
