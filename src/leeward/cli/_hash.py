"""``leeward hash``: what files hash to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leeward.cli._options import answered, shown
from leeward.errors import InputError, LeewardError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leeward.cli._options import Answer
    from leeward.hashing import Hashed

__all__ = ["hash_"]


@click.command("hash", epilog="Example: leeward hash boat.jpg --dihedral")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--dihedral", is_flag=True, help="Also hash the picture turned and mirrored.")
@answered
def hash_(paths: tuple[str, ...], dihedral: bool, answer: Answer) -> None:
    """Print the hashes of pictures: digests, PDQ with its quality, and the size.

    Hash values are secrets where they are of pictures that a bank knows. Each file is read in a
    process of its own with bounds on memory and time. A file that is no picture has its digests
    printed, the reason is told, and the command ends with 1.
    """
    from leeward.hashing import MediaHasher

    failed = 0
    with MediaHasher() as hasher:
        for path in paths:
            try:
                hashed = hasher.hash(Path(path), dihedral=dihedral)
            except InputError as error:
                failed += 1
                _tell(error.message, path, answer)
                continue
            answer.one({"path": path, **_body(hashed)}, _lines(path, hashed))
            if hashed.picture is None:
                failed += 1
                if not answer.as_json:
                    _tell(hashed.refused or "the file's looks are not known", path, answer)
    if failed:
        raise LeewardError(
            f"{failed} of {len(paths)} could not be hashed as pictures",
            hint="see the reason beside each",
        )


def _tell(reason: str, path: str, answer: Answer) -> None:
    if answer.as_json:
        answer.one({"path": path, "refused": reason}, [])
    else:
        click.echo(f"{shown(path)}: {reason}", err=True)


def _body(hashed: Hashed) -> dict[str, Any]:
    exact, picture = hashed.digests, hashed.picture
    body: dict[str, Any] = {
        "bytes": exact.size,
        "sha256": exact.sha256.hex(),
        "sha1": exact.sha1.hex(),
        "md5": exact.md5.hex(),
    }
    if picture is None:
        return body | {"refused": hashed.refused}
    body |= {
        "pdq": picture.pdq.hex(),
        "quality": picture.quality,
        "width": picture.width,
        "height": picture.height,
        "mime": picture.mime,
        "damaged": picture.damaged,
        "frames": picture.frames,
        "views": [
            {"kind": view.kind, "frame": view.frame, "pdq": view.pdq.hex(), "quality": view.quality}
            for view in picture.views
        ],
    }
    if picture.dihedral:
        body["dihedral"] = dict(_positions(picture.dihedral))
    return body


def _positions(values: Sequence[bytes]) -> Iterable[tuple[str, str]]:
    from leeward.hashing import POSITIONS

    return ((name, value.hex()) for name, value in zip(POSITIONS, values, strict=True))


def _lines(path: str, hashed: Hashed) -> list[str]:
    exact, picture = hashed.digests, hashed.picture
    rows = [
        ("sha256", exact.sha256.hex()),
        ("sha1", exact.sha1.hex()),
        ("md5", exact.md5.hex()),
        ("bytes", f"{exact.size:,}"),
    ]
    if picture is not None:
        rows += [("pdq", picture.pdq.hex()), ("quality", str(picture.quality))]
        rows.append(("size", f"{picture.width} x {picture.height}, {picture.mime}"))
        if picture.damaged:
            rows.append(("ALERT", "the file is damaged; the hash is of what could be decoded"))
        rows += [
            (f"{view.kind} {view.frame}", f"{view.pdq.hex()} quality {view.quality}")
            for view in picture.views
        ]
        if picture.dihedral:
            rows += _positions(picture.dihedral)
    return [shown(path), *(f"  {name:<16}{text}" for name, text in rows)]
