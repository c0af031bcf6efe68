"""``python -m leeward`` is the command."""

from leeward.cli import main

main()
