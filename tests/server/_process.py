"""Runs the server as its own process, as ``leeward serve`` does; the tests start this file."""

from __future__ import annotations

import json
import logging
import sys

from leeward.errors import LeewardError
from leeward.model import settings_of
from leeward.server import serve


def _tell(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


def main() -> int:
    logging.basicConfig(level=logging.DEBUG)
    data, settings = sys.argv[1:]
    try:
        serve(data, settings_of(json.loads(settings)), ready=_tell)
    except LeewardError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
