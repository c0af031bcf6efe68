"""``leeward key``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from leeward.cli._options import Answer, answered, as_person, data_option, stamp, tables_of

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.store.tables import Key

__all__ = ["key"]


class _Scope(click.ParamType):  # type: ignore[type-arg]  # generic in new releases of click only
    """One of the scopes. They come with the database's packages, which ``--help`` must not load."""

    name = "scope"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return self._choice().convert(value, param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002 - click's signature
        return f"[{'|'.join(self._choice().choices)}]"

    def _choice(self) -> click.Choice[str]:
        from leeward.store.tables import SCOPES

        return click.Choice(SCOPES)


@click.group()
def key() -> None:
    """Make, list and revoke API keys."""


@key.command(epilog="Example: leeward key create gateway --scope events:write --data data")
@click.argument("name")
@data_option
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=_Scope(),
    help="What it may be used for; more than one may be given.",
)
@as_person
@answered
def create(name: str, data: Path, scopes: tuple[str, ...], by: str, answer: Answer) -> None:
    """Make a key and show it, this once. Leeward stores only its hash."""
    from leeward.store.tables import create_key

    with tables_of(data, new=True) as tables, tables.begin() as connection:
        made, secret = create_key(connection, name, scopes, by)
    answer.one(
        _row(made) | {"key": secret},
        [secret, "Keep it where only the client can read it. It is not shown again."],
    )


@key.command("list", epilog="Example: leeward key list --data data")
@data_option
@answered
def list_(data: Path, answer: Answer) -> None:
    """List keys, without their secrets; revoked ones too."""
    from leeward.store.tables import list_keys

    with tables_of(data) as tables, tables.read() as connection:
        rows = [_row(found) for found in list_keys(connection, revoked=True)]
    head = ("name", "prefix", "scopes", "created", "by", "last_used", "revoked")
    if not answer.as_json:
        rows = [row | {"scopes": ",".join(row["scopes"])} for row in rows]
    answer.rows(rows, {name: name.replace("_", " ") for name in head}, "there are no keys")


@key.command(epilog="Example: leeward key revoke gateway --data data")
@click.argument("name")
@data_option
@as_person
@answered
def revoke(name: str, data: Path, by: str, answer: Answer) -> None:
    """Revoke a key by its name or prefix. A running server follows within seconds."""
    from leeward.store.tables import revoke_key

    with tables_of(data) as tables, tables.begin() as connection:
        gone = revoke_key(connection, name, by)
    answer.one(_row(gone), [f"{gone.name} ({gone.prefix}) is revoked"])


def _row(found: Key) -> dict[str, Any]:
    return {
        "name": found.name,
        "prefix": found.prefix,
        "scopes": sorted(found.scopes),
        "created": stamp(found.created_at),
        "by": found.created_by,
        "last_used": stamp(found.last_used_at),
        "revoked": stamp(found.revoked_at),
    }
