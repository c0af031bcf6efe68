"""The map that says what a table's columns are: TOML, checked key by key."""

from __future__ import annotations

import codecs
import hashlib
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, cast, get_args

from leeward.errors import MapError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["At", "ListSource", "TableMap", "Template", "Unit", "parse_map", "read_map"]

Unit: TypeAlias = Literal["s", "ms", "us", "ns", "rfc3339"]

SCALARS: Final[tuple[str, ...]] = (
    "object", "actor", "target", "reply_to", "root", "text", "lang", "community", "visibility",
)  # fmt: skip
LISTS: Final = ("tags", "links", "mentions")
MEDIA: Final = ("uri", "sha256", "pdq", "mime")

_TOP: Final = (
    "source", "kind", "op", "version", "group_by", "require", "delimiter", "encoding",
    "fields", "extra",
)  # fmt: skip
_SOURCE: Final = re.compile(r"^[a-z0-9][a-z0-9._-]{0,63}\Z")
_TOKEN: Final = re.compile(r"\{\{|\}\}|\{[^{}]+\}|[^{}]+")


class Template(NamedTuple):
    """Text with columns in it: literals and, marked by True, names of columns."""

    parts: tuple[tuple[bool, str], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return tuple(text for is_column, text in self.parts if is_column)


class At(NamedTuple):
    """The column of the claimed time and how it counts."""

    column: str
    unit: Unit | None


class ListSource(NamedTuple):
    """Items of a list field: one a row, or several that a separator divides."""

    template: Template
    split: str | None


@dataclass(frozen=True, slots=True)
class TableMap:
    """What the columns of a table are; made by :func:`read_map` or :func:`parse_map`.

    Attributes:
        source: Source of all events.
        scalars: Field to template; ``kind`` and ``op`` are among them.
        version: Template of the identity's version; None where it is the claimed time.
        at: The claimed time.
        lists: Field to where its items come from.
        media: For each picture, member to template.
        extra: Key to template.
        group_by: Columns whose rows of equal values are one event; empty: a row is an event.
        require: Columns that may not be empty; those of ``group_by`` are among them.
        delimiter: Between the cells of a CSV.
        encoding: Of a CSV.
        digest: SHA-256 of the map's text, in hexadecimal.
    """

    source: str
    scalars: dict[str, Template]
    version: Template | None
    at: At
    lists: dict[str, tuple[ListSource, ...]]
    media: tuple[dict[str, Template], ...]
    extra: dict[str, Template]
    group_by: tuple[str, ...]
    require: tuple[str, ...]
    delimiter: str
    encoding: str
    digest: str

    @property
    def columns(self) -> frozenset[str]:
        """All columns that the map reads."""
        templates = [*self.scalars.values(), *self.extra.values()]
        templates += [item.template for items in self.lists.values() for item in items]
        templates += [template for item in self.media for template in item.values()]
        if self.version is not None:
            templates.append(self.version)
        read = {name for template in templates for name in template.columns}
        return frozenset({*read, *self.require, self.at.column})


def read_map(path: Path) -> TableMap:
    """Read a map from a file.

    Raises:
        MapError: It cannot be read or used.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise MapError(
            "The map cannot be read", where=path.name, hint="check the path; a map is UTF-8 text"
        ) from None
    return parse_map(text, path.name)


def parse_map(text: str, where: str = "map") -> TableMap:
    """Read a map from its text.

    Args:
        text: TOML.
        where: Name of the map, for messages.

    Raises:
        MapError: It is no TOML, has an unknown key, or a key holds what cannot be used.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MapError(
            f"The map is not TOML: {error}", where=where, hint="see https://toml.io for the form"
        ) from None
    return _Reader(where).table_map(tree, hashlib.sha256(text.encode()).hexdigest())


class _Reader:
    """Turns the parsed TOML into a map; every complaint names the key."""

    def __init__(self, where: str) -> None:
        self._where = where

    def table_map(self, tree: dict[str, Any], digest: str) -> TableMap:
        self.known(tree, _TOP, "")
        fields = self.table(tree, "fields")
        self.known(fields, ("at", "media", *SCALARS, *LISTS), "fields.")
        for name in ("object", "actor", "at"):
            if name not in fields:
                self.fail(f"fields.{name}", "is missing", f"say what the {name} of an event is")
        source = self.text(tree.get("source"), "source")
        if not _SOURCE.match(source):
            self.fail("source", "may hold a-z, 0-9, `.`, `_` and `-`", "choose a plain name")
        scalars = {
            name: self.template(fields[name], f"fields.{name}")
            for name in SCALARS
            if name in fields
        }
        scalars["kind"] = self.template(tree.get("kind", "post"), "kind")
        scalars["op"] = self.template(tree.get("op", "create"), "op")
        group_by = self.names(tree, "group_by")
        version = tree.get("version")
        return TableMap(
            source=source,
            scalars=scalars,
            version=None if version is None else self.template(version, "version"),
            at=self.at(fields["at"]),
            lists={name: self.sources(fields[name], name) for name in LISTS if name in fields},
            media=self.media(fields.get("media", [])),
            extra={
                name: self.template(value, f"extra.{name}")
                for name, value in self.table(tree, "extra").items()
            },
            group_by=group_by,
            require=tuple(dict.fromkeys([*group_by, *self.names(tree, "require")])),
            delimiter=self.delimiter(tree.get("delimiter", ",")),
            encoding=self.encoding(tree.get("encoding", "utf-8")),
            digest=digest,
        )

    def fail(self, key: str, problem: str, hint: str) -> None:
        raise MapError(f"In the map, `{key}` {problem}", where=self._where, hint=hint)

    def known(self, table: dict[str, Any], names: tuple[str, ...], prefix: str) -> None:
        for key in table:
            if key not in names:
                self.fail(prefix + key, "is not known", f"known here: {', '.join(names)}")

    def text(self, value: Any, key: str) -> str:
        if not isinstance(value, str) or not value:
            self.fail(key, "must be a text", f'write {key} = "..."')
        return cast("str", value)

    def table(self, tree: dict[str, Any], key: str) -> dict[str, Any]:
        value = tree.get(key, {})
        if not isinstance(value, dict):
            self.fail(key, "must be a table", f"write [{key}] and its keys below it")
        return cast("dict[str, Any]", value)

    def names(self, tree: dict[str, Any], key: str) -> tuple[str, ...]:
        value = tree.get(key, [])
        if not isinstance(value, list):
            self.fail(key, "must be a list of columns", f'write {key} = ["..."]')
        return tuple(self.text(item, key) for item in value)

    def template(self, value: Any, key: str) -> Template:
        text = self.text(value, key)
        tokens = _TOKEN.findall(text)
        if "".join(tokens) != text:
            self.fail(key, "has a brace that is not closed", "write {column}, or {{ for a brace")
        return Template(tuple(map(_part, tokens)))

    def at(self, value: Any) -> At:
        if not isinstance(value, dict) or "column" not in value:
            hint = 'write at = { column = "...", unit = "s" }'
            self.fail("fields.at", "must name a column", hint)
        self.known(value, ("column", "unit"), "fields.at.")
        unit = value.get("unit")
        if unit is not None and unit not in get_args(Unit):
            self.fail("fields.at.unit", "is not known", f"known: {', '.join(get_args(Unit))}")
        return At(self.text(value["column"], "fields.at.column"), unit)

    def sources(self, value: Any, name: str) -> tuple[ListSource, ...]:
        key = f"fields.{name}"
        return tuple(
            self.source(item, key) for item in (value if isinstance(value, list) else [value])
        )

    def source(self, value: Any, key: str) -> ListSource:
        if not isinstance(value, dict):
            return ListSource(self.template(value, key), None)
        self.known(value, ("column", "split"), f"{key}.")
        column = self.text(value.get("column"), f"{key}.column")
        split = self.text(value.get("split"), f"{key}.split")
        return ListSource(Template(((True, column),)), split)

    def media(self, value: Any) -> tuple[dict[str, Template], ...]:
        items = []
        for item in value if isinstance(value, list) else [value]:
            members = item if isinstance(item, dict) else {"uri": item}
            self.known(members, MEDIA, "fields.media.")
            if not members:
                self.fail("fields.media", "is empty", 'write media = { uri = "..." }')
            items.append(
                {
                    name: self.template(text, f"fields.media.{name}")
                    for name, text in members.items()
                }
            )
        return tuple(items)

    def delimiter(self, value: Any) -> str:
        text = self.text(value, "delimiter")
        if len(text) != 1 or not text.isascii() or text in '"\r\n':
            self.fail("delimiter", "must be one ASCII character", r'as in delimiter = "\t"')
        return text

    def encoding(self, value: Any) -> str:
        text = self.text(value, "encoding")
        try:
            return codecs.lookup(text).name
        except LookupError:
            self.fail("encoding", "is not known", 'as in encoding = "utf-8" or "latin-1"')
            raise


def _part(token: str) -> tuple[bool, str]:
    if token in ("{{", "}}"):
        return False, token[0]
    if token.startswith("{"):
        return True, token[1:-1]
    return False, token
