"""Writes the parts of the documentation that the code says already.

``python docs/build.py`` writes them; with ``--check`` it writes nothing and ends with 1 where a
page differs. The command reference is generated whole. In other pages each part stands between
``<!-- generated: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import click
import msgspec.inspect as mi
import pyarrow as pa

import leeward.errors
from leeward.cli import app
from leeward.model import (
    EVENT_SCHEMA,
    FINDING_SCHEMA,
    VERDICT_CAUSE_WORDS,
    VERDICT_SCHEMA,
    AccountBody,
    Event,
    ExchangeSettings,
    Kind,
    MediaRef,
    Op,
    OriginSettings,
    PollBody,
    Settings,
    SignalSettings,
    Verdict,
    Visibility,
    bounds,
    in_force,
)
from leeward.network import TIERS, Evidence, Ranked
from leeward.pipeline import RANKING_SCHEMA, Figures
from leeward.policy import EVENT_FIELDS, IF_ABSTAINED, KEYS, SAYS, SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["build", "commands", "main", "pages"]

DOCS: Final = Path(__file__).parent
COMMANDS: Final = DOCS / "reference" / "commands.md"
_WIDTH: Final = 88
_PART: Final = re.compile(r"<!-- generated: ([a-z-]+) -->\n.*?<!-- end -->", re.DOTALL)
_ATTRIBUTE: Final = re.compile(r"^    ([a-z_0-9]+(?:, [a-z_0-9]+)*): (.*)$")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, or with ``--check`` compare; the exit code."""
    parser = argparse.ArgumentParser(description="Write the generated parts of the documentation.")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if stale")
    check = parser.parse_args(arguments).check
    stale = [path for path, text in build() if not path.exists() or path.read_text() != text]
    for path in stale:
        print(f"{'differs' if check else 'written'}: {path.relative_to(DOCS.parent)}")
    if check:
        if stale:
            print("next: run `make docs`", file=sys.stderr)
        return 1 if stale else 0
    for path, text in build():
        path.write_text(text)
    return 0


def build() -> list[tuple[Path, str]]:
    """Every page with something generated in it, and what it should hold."""
    return [(COMMANDS, _command_page()), *pages()]


def pages() -> Iterator[tuple[Path, str]]:
    """The pages with marked parts, these filled in anew."""
    for path in sorted(DOCS.rglob("*.md")):
        if path == COMMANDS:
            continue
        text = path.read_text()
        if "<!-- generated: " in text:
            yield path, _PART.sub(_filled, text)


def _filled(match: re.Match[str]) -> str:
    name = match[1]
    return f"<!-- generated: {name} -->\n{_PARTS[name]()}\n<!-- end -->"


# --- commands ----------------------------------------------------------------------------------


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its whole name, groups before their members."""
    yield from _below("leeward", app, click.Context(app, info_name="leeward"))


def _below(
    name: str, command: click.Command, context: click.Context
) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for part in command.list_commands(context):
            member = command.get_command(context, part)
            assert member is not None, f"{name} lists {part} and has none"  # noqa: S101 - a fault of ours
            inner = click.Context(member, info_name=part, parent=context)
            yield from _below(f"{name} {part}", member, inner)


def _command_page() -> str:
    parts = [
        "# Commands\n",
        "Generated from `--help` of each command by `docs/build.py`; do not edit it by hand.\n",
        "Exit codes and the form of errors: [errors and exit codes](errors-and-exit-codes.md).\n",
    ]
    for name, command in commands():
        level = "##" if " " not in name.partition(" ")[2] else "###"
        parts.append(f"{level} {name}\n\n```text\n{_help(name, command)}\n```\n")
    return "\n".join(parts)


def _help(name: str, command: click.Command) -> str:
    above, _, own = name.rpartition(" ")
    parent = click.Context(app, info_name=above) if above else None
    context = click.Context(
        command,
        info_name=own,
        parent=parent,
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        help_option_names=["-h", "--help"],
    )
    text = command.get_help(context)
    return "\n".join(line.rstrip() for line in text.splitlines())


# --- events ------------------------------------------------------------------------------------


def _columns() -> str:
    meanings = _attributes(Event)
    fields = {field.name: field for field in _struct(Event).fields}
    rows = []
    for column in EVENT_SCHEMA:
        field = fields[column.name]
        form = "JSON object" if column.name == "extra" else _form(field.type)
        needed = "log" if column.name in ("seq", "seen", "folded") else "no"
        needed = "yes" if field.required else needed
        meaning = meanings[column.name]
        rows.append((f"`{column.name}`", _arrow(column.type), needed, form, meaning))
    return _table(("column", "stored as", "needed", "form and bounds", "what it is"), rows)


def _body(struct: type) -> Callable[[], str]:
    def table() -> str:
        meanings = _attributes(struct)
        fields = _struct(struct).fields
        if not meanings:
            rows = [(f"`{field.name}`", _form(field.type)) for field in fields]
            return _table(("key", "form and bounds"), rows)
        told = [(f"`{field.name}`", _form(field.type), meanings[field.name]) for field in fields]
        return _table(("key", "form and bounds", "what it is"), told)

    return table


def _findings() -> str:
    rows = [(f"`{column.name}`", _arrow(column.type)) for column in FINDING_SCHEMA]
    return _table(("column", "stored as"), rows)


def _verdicts() -> str:
    rows = [(f"`{column.name}`", _arrow(column.type)) for column in VERDICT_SCHEMA]
    return _table(("column", "stored as"), rows)


def _bounds() -> str:
    meanings = {
        "MAX_INTEGER": "largest integer; beyond it one in `extra` becomes a string",
        "MAX_URI": "code points of a URI, an `id` included",
        "MAX_TEXT": "code points of `text`",
        "MAX_TAG": "code points of a hashtag, before and after folding",
        "MAX_LANG": "code points of `lang`",
        "MAX_MIME": "code points of a media type",
        "MAX_TAGS": "hashtags of an event",
        "MAX_MEDIA": "pictures and videos of an event",
        "MAX_LINKS": "links of an event",
        "MAX_MENTIONS": "accounts that an event mentions",
        "MAX_RELATIVES": "relatives that an account declares",
        "MAX_DEPTH": "objects and arrays inside each other, the event itself included",
        "MAX_EXTRA": "bytes of `extra` as JSON",
        "MAX_LINE": "bytes of one event as a line",
    }
    names = [name for name in dir(bounds) if name.startswith("MAX_")]
    if set(names) != set(meanings):
        raise KeyError(f"docs/build.py has no words for {set(names) ^ set(meanings)}")
    rows = [(f"`{name}`", f"{getattr(bounds, name):,}", meanings[name]) for name in meanings]
    return _table(("bound", "most", "of what"), rows)


def _form(kind: mi.Type) -> str:
    """A type of msgspec in words, with its bounds."""
    match kind:
        case mi.Metadata(type=inner):
            return _form(inner)
        case mi.UnionType(types=types):
            return " or ".join(_form(t) for t in types if not isinstance(t, mi.NoneType))
        case mi.LiteralType(values=values):
            return ", ".join(f"`{value}`" for value in sorted(values, key=_order_of(values)))
        case mi.VarTupleType(item_type=item, max_length=most):
            return f"at most {most:,}; each {_form(item)}"
        case mi.StructType(cls=cls):
            return f"`{cls.__name__}`"
        case mi.CustomType():
            return "age, as `90d`"
        case mi.BoolType():
            return "true or false"
    return _bounded(kind)


def _bounded(kind: mi.Type) -> str:
    """A text or a number in words."""
    match kind:
        case mi.StrType(pattern=str(pattern)):
            return f"matches `{pattern.replace('|', chr(92) + '|')}`"
        case mi.StrType(min_length=least, max_length=int(most)):
            return f"text of {least or 0:,} to {most:,}"
        case mi.IntType(ge=None):
            return "integer"
        case mi.IntType(ge=least, le=most):
            upper = "2^53" if most == bounds.MAX_INTEGER else f"{most:,}"
            return f"integer, {least} to {upper}"
    return "JSON object"


def _order_of(values: Sequence[Any]) -> Callable[[Any], int]:
    """The order in which the model's own alias spells the words; msgspec sorts them."""
    for alias in (Kind, Op, Visibility):
        words = get_args(alias)
        if set(words) == set(values):
            return words.index
    return sorted(values).index


def _arrow(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        inner = kind.value_type
        return "list of struct" if pa.types.is_struct(inner) else f"list of {inner}"
    return str(kind)


def _struct(cls: type) -> mi.StructType:
    found = mi.type_info(cls)
    assert isinstance(found, mi.StructType)  # noqa: S101 - it is given structs only
    return found


# --- settings ----------------------------------------------------------------------------------


def _settings() -> str:
    groups = {field.name: field.type for field in _struct(Settings).fields}
    rows = []
    for line in in_force(Settings()):
        group, _, key = line.key.partition(".")
        kind = groups[group]
        assert isinstance(kind, mi.StructType)  # noqa: S101 - every group is one
        field = next(field for field in kind.fields if field.name == key)
        meaning = _attributes(kind.cls).get(key, "")
        if group == "retention":
            meaning = f"The age at which {key} events are dropped; not set: kept for ever."
        value = "not set" if line.value is None else f"`{line.value}`"
        rows.append((f"`{line.key}`", _form(field.type), value, meaning))
    return _table(("key", "form", "default", "meaning"), rows)


def _named(group: type) -> Callable[[], str]:
    """A table of the settings of which there are many, each group with a name."""

    def table() -> str:
        rows = []
        for field in _struct(group).fields:
            default = field.default
            if isinstance(default, bool):
                default = str(default).lower()
            value = "needed" if field.required else f"`{default}`" if default else "not set"
            meaning = _attributes(group)[field.name]
            rows.append((f"`{field.name}`", _form(field.type), value, meaning))
        return _table(("key", "form", "default", "meaning"), rows)

    return table


# --- discovery ---------------------------------------------------------------------------------


def _ranking() -> str:
    meanings = _attributes(Ranked)
    rows = [
        (f"`{column.name}`", _arrow(column.type), meanings[column.name])
        for column in RANKING_SCHEMA
    ]
    return _table(("column", "stored as", "what it is"), rows)


def _meanings(struct: type) -> Callable[[], str]:
    """A table of the fields of a struct that somebody reads."""

    def table() -> str:
        rows = [(f"`{name}`", text) for name, text in _attributes(struct).items()]
        return _table(("field", "what it is"), rows)

    return table


def _tiers() -> str:
    return _table(("tier", "means"), [(f"`{tier}`", text) for tier, text in TIERS.items()])


# --- policies ----------------------------------------------------------------------------------


def _keys(mapping: str) -> Callable[[], str]:
    def table() -> str:
        rows = []
        for name, key in KEYS[mapping].items():
            words = ", ".join(f"`{word}`" for word in key.words)
            about = f"{key.about}: {words}" if words else key.about
            rows.append((f"`{name}`", "yes" if key.needed else "no", about))
        return _table(("key", "needed", "what it says"), rows)

    return table


def _policy_fields() -> str:
    kinds = {"int": "number", "float": "number", "texts": "list of texts"}
    rows = []
    for field in EVENT_FIELDS:
        words = ", ".join(f"`{word}`" for word in field.words)
        about = f"{field.about}: {words}" if words else field.about
        rows.append((f"`{field.name}`", kinds.get(field.kind, field.kind), about))
    return _table(("field", "type", "what it is"), rows)


def _words_of(words: Mapping[Any, str], head: str) -> Callable[[], str]:
    def table() -> str:
        return _table((head, "means"), [(f"`{word}`", says) for word, says in words.items()])

    return table


# --- errors ------------------------------------------------------------------------------------


def _error_tree() -> str:
    tree = inspect.cleandoc(leeward.errors.__doc__ or "").split("\n\n")[1]
    return f"```text\n{tree}\n```"


# --- dependencies ------------------------------------------------------------------------------

WORDS: Final = {
    "ahocorasick-rs": ("Apache-2.0", "finds all terms of a lexicon in one pass"),
    "alembic": ("MIT", "migrations of the operational tables"),
    "av": (
        "BSD-3-Clause; its wheels hold FFmpeg (LGPL-3.0) with x264 and x265 (GPL-2.0)",
        "decodes videos",
    ),
    "click": ("BSD-3-Clause", "the command line; its help is the reference"),
    "confusable-homoglyphs": ("MIT", "the look-alikes of UTS #39, as data"),
    "duckdb": ("MIT", "policies are tried on the whole past as one query over segments"),
    "graspologic-native": (
        "MIT",
        "Leiden, which splits suspects into cells: deterministic, cells are connected",
    ),
    "httpcore": (
        "BSD-3-Clause",
        "under httpx; with it the fetching of media connects to the very address it checked",
    ),
    "httptools": ("MIT", "parses HTTP/1.1 in C"),
    "httpx": (
        "BSD-3-Clause; with it comes certifi (MPL-2.0: whoever changes its files shares them)",
        "speaks HTTP with exchanges; certifi is unchanged",
    ),
    "hypothesis": ("MPL-2.0", "tests that state properties"),
    "import-linter": ("BSD-2-Clause", "proves that a room imports only what stands below it"),
    "ipykernel": ("BSD-3-Clause", "runs the notebook of the docs in a test"),
    "jinja2": ("BSD-3-Clause", "fills in pages and escapes what it fills in"),
    "libipld": ("MIT", "DAG-CBOR, to compute the CID of a Bluesky record again"),
    "llvmlite": ("BSD-2-Clause", "names LLVM's own instruction to numba; comes with it"),
    "markupsafe": ("BSD-3-Clause", "marks what is HTML already, so that all else is escaped"),
    "msgspec": ("BSD-3-Clause", "decodes and validates in one step; its errors name the place"),
    "mypy": ("MIT", "checks types"),
    "nbclient": ("BSD-3-Clause", "runs the notebook of the docs in a test"),
    "nbformat": ("BSD-3-Clause", "reads the notebook of the docs"),
    "networkx": (
        "BSD-3-Clause",
        "finds the cells (Louvain) among the accounts of a picture",
    ),
    "numba": ("BSD-2-Clause", "compiles the loops over columns that numpy has no word for"),
    "numpy": ("BSD-3-Clause", "arrays"),
    "onnxruntime": ("MIT", "runs an operator's sentence encoder; loaded when a model asks for it"),
    "pandas": ("BSD-3-Clause", "`Found.to_frame()`; loaded when it is called"),
    "pdqhash": ("MIT", "the reference that tests compare PDQ hashes with, bit by bit"),
    "pillow": ("MIT-CMU", "decodes PNG, WebP, GIF, AVIF and the JPEG files that are unusual"),
    "pillow-heif": (
        "BSD-3-Clause; its wheels hold libheif and libde265 (LGPL-3.0) with x265 (GPL-2.0)",
        "decodes HEIC",
    ),
    "playwright": ("Apache-2.0", "tests look at pages in Debian's Chromium"),
    "prometheus-client": ("Apache-2.0 and BSD-2-Clause", "figures for Prometheus"),
    "psycopg": ("LGPL-3.0-only", "the driver for PostgreSQL; used unchanged"),
    "pyarrow": ("Apache-2.0", "columns in memory, Parquet, zstd"),
    "pytest": ("MIT", "runs the tests"),
    "pyyaml": ("MIT", "reads policies, with the places of everything in them"),
    "ruff": ("MIT", "format and style"),
    "scikit-learn": (
        "BSD-3-Clause",
        "the ceiling that `leeward evaluate` compares with: boosted trees",
    ),
    "scipy": ("BSD-3-Clause", "tests and benchmarks solve the same chains with it"),
    "simplejpeg": ("MIT", "decodes JPEG with libjpeg-turbo, without a copy"),
    "siphash24": ("Apache-2.0 or LGPL-2.1-or-later", "tests compare our SipHash with it"),
    "sqlalchemy": ("MIT", "one code path for SQLite and PostgreSQL in the operational tables"),
    "starlette": ("BSD-3-Clause", "routes and requests, and little else"),
    "tokenizers": ("Apache-2.0", "cuts texts into the tokens of that encoder; nothing is fetched"),
    "uvicorn": ("BSD-3-Clause", "HTTP server; bounds on headers and a clean stop are ours to set"),
    "uvloop": ("MIT or Apache-2.0", "a faster event loop for it"),
}
"""Licence, and what it is for."""

_NAME: Final = re.compile(r"^[A-Za-z0-9_-]+")


def _dependencies(*place: str) -> Callable[[], str]:
    def table() -> str:
        found: Any = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())
        for key in place:
            found = found[key]
        pins = dict(
            line.lower().replace("_", "-").split("==")
            for line in (DOCS.parent / "constraints.txt").read_text().splitlines()
            if "==" in line
        )
        rows = []
        for wanted in found:
            name = str(_NAME.findall(wanted)[0])
            if name not in WORDS:
                raise KeyError(
                    f"docs/build.py has no words for {name}: its licence and its purpose"
                )
            licence, purpose = WORDS[name]
            rows.append((f"`{wanted}`", pins[name.lower()], licence, purpose))
        return _table(("needed", "tested", "licence", "for"), rows)

    return table


# --- text --------------------------------------------------------------------------------------


def _attributes(cls: type) -> dict[str, str]:
    """What the section ``Attributes`` of a docstring says of each."""
    _, _, section = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.split("\n\n")[0].splitlines():
        if (match := _ATTRIBUTE.match(line)) is not None:
            names = match[1].split(", ")
            found.update(dict.fromkeys(names, match[2]))
        else:
            found.update({name: f"{found[name]} {line.strip()}" for name in names})
    return {name: _markdown(text) for name, text in found.items()}


def _markdown(text: str) -> str:
    text = re.sub(r":[a-z]+:`~?([^`]*)`", r"`\1`", text.strip())
    text = text.replace("``", "`").replace("|", "\\|")
    # Outside code, <...> would be read as HTML.
    parts = text.split("`")
    parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return textwrap.dedent("\n".join(lines))


_PARTS: Final[dict[str, Callable[[], str]]] = {
    "columns": _columns,
    "media": _body(MediaRef),
    "poll": _body(PollBody),
    "account": _body(AccountBody),
    "findings": _findings,
    "verdicts": _verdicts,
    "bounds": _bounds,
    "settings": _settings,
    "exchanges": _named(ExchangeSettings),
    "origins": _named(OriginSettings),
    "signals": _named(SignalSettings),
    "ranking": _ranking,
    "evidence": _meanings(Evidence),
    "tiers": _tiers,
    "figures": _meanings(Figures),
    "policy-keys": _keys("policy"),
    "rule-keys": _keys("rule"),
    "case-keys": _keys("case"),
    "policy-fields": _policy_fields,
    "policy-functions": _words_of(SAYS, "function"),
    "policy-subjects": _words_of(SUBJECTS, "subject"),
    "policy-causes": _words_of(VERDICT_CAUSE_WORDS, "cause"),
    "verdict": _meanings(Verdict),
    "policy-abstained": _words_of(IF_ABSTAINED, "word"),
    "errors": _error_tree,
    "dependencies": _dependencies("project", "dependencies"),
    "dependencies-encoder": _dependencies("project", "optional-dependencies", "encoder"),
    "dependencies-heif": _dependencies("project", "optional-dependencies", "heif"),
    "dependencies-postgresql": _dependencies("project", "optional-dependencies", "postgresql"),
    "dependencies-video": _dependencies("project", "optional-dependencies", "video"),
    "dependencies-dev": _dependencies("dependency-groups", "dev"),
}


if __name__ == "__main__":
    sys.exit(main())
