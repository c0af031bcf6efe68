"""Measure, and print a section after the other; with `--write`, put them into a page.

``make bench``, or ``make bench ARGS=--full`` for the sizes that the goals are stated for: two
hours and 40 GB of disk. Otherwise everything is a tenth of that. ``--only hashing match`` measures
some sections and leaves the others of the page as they are.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import event_log
from machine import describe
from page import section_text, write_sections
from sections import DATA, SECTIONS


def main() -> None:
    """Measure what the arguments ask for."""
    names = [section.name for section in SECTIONS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the sizes of the goals")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", default=names)
    parser.add_argument("--write", type=Path, help="put the sections into this page")
    parser.add_argument("--keep", action="store_true", help="keep the data that were made")
    arguments = parser.parse_args()
    lines = ["# Benchmarks", "", *(f"- {line}" for line in describe())]
    lines.append("- measured by `benchmarks/run.py --full`, section by section, beside other work")
    lines.append(f"- an event is {event_log.json_bytes():.0f} bytes as JSON, sixteen fields")
    head = "\n".join(lines)
    if len(arguments.only) > 1:
        print(head, flush=True)
        flags = ["--keep", *["--full"] * arguments.full]
        flags += ["--write", str(arguments.write)] * (arguments.write is not None)
        for name in arguments.only:
            # In a process of its own: the peak of its memory is not that of another section.
            subprocess.run([sys.executable, __file__, "--only", name, *flags], check=True)
    else:
        section = next(one for one in SECTIONS if one.name == arguments.only[0])
        size = section.size if arguments.full else section.size // 10
        text = section_text(section.title.format(f"{size:,}"), section.goal, section.measure(size))
        print(f"\n{text}", flush=True)
        if arguments.write:
            write_sections(arguments.write, head, names, {section.name: text})
    if not arguments.keep:
        shutil.rmtree(DATA, ignore_errors=True)


if __name__ == "__main__":
    main()
