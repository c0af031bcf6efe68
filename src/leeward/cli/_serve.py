"""``leeward serve``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from leeward.cli._options import answered, data_option

if TYPE_CHECKING:
    from pathlib import Path

    from leeward.cli._options import Answer

__all__ = ["serve"]


@click.command(epilog="Example: leeward serve --data data --port 8480")
@data_option
@click.option("--host", help="Listen on this address rather than the settings'.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Listen on this port; 0 takes any.")
@answered
def serve(data: Path, host: str | None, port: int | None, answer: Answer) -> None:
    """Receive events over HTTP.

    POST /v1/events with a key of `leeward key create`. The answer comes when the events would
    survive a power cut. Ends on SIGINT or SIGTERM, after finishing what it accepted. With
    --json the address it listens on is written to stdout.
    """
    from leeward.server import serve as run
    from leeward.store import read_settings

    settings = read_settings(data)
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    server = msgspec.structs.replace(settings.server, **given)

    def ready(address: str) -> None:
        click.echo(f"listening on {address}", err=True)
        answer.one({"listening": address}, [])

    run(data, msgspec.structs.replace(settings, server=server), ready=ready)
