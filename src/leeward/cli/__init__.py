"""The command line: thin, one file a command group, each loaded only when it is called."""

from leeward.cli._app import app, main

__all__ = ["app", "main"]
