"""Whole JPEG files to PDQ hashes, beside the threatexchange library; and what a hash survives.

Both sides read the same files in processes of their own, in turn, and give the same hashes. The
pictures are drawn by a program: soft colours, shapes and grain. They stand for photographs in
size and in how well they compress, and for nothing else.

    python benchmarks/hashing.py --pictures 20
"""

from __future__ import annotations

import argparse
import csv
import io
import shutil
import sys
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from peers import Peer, serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from PIL.Image import Image

__all__ = ["conformance", "robustness", "run"]

_HERE: Final = Path(__file__).resolve()
_REFERENCE: Final = _HERE.parents[2] / "shared" / "data" / "pdq"
_ROUNDS: Final = 5
_NEAR: Final = 31
"""Bits within which two hashes count as the same picture."""


# --- speed -------------------------------------------------------------------------------------


def run(pictures: int, folder: Path) -> dict[str, Any]:
    """Measure files of 512 and of 2000 pixels a side.

    Args:
        pictures: Files of each size.
        folder: Where they are made; what is there is removed.

    Returns:
        Milliseconds of processor time a file on either side, their ratio, the same of ours with
        all three digests, and whether every hash and quality was the same.
    """
    figures: dict[str, Any] = {}
    for side, goal in ((512, 5), (2000, 13)):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        paths = _files(folder, side, pictures)
        figures[f"{side} px: kB a file"] = sum(path.stat().st_size for path in paths) / (
            1e3 * len(paths)
        )
        figures |= {
            f"{side} px: {name.replace('GOAL', str(goal))}": value
            for name, value in _in_turn([str(path) for path in paths]).items()
        }
    shutil.rmtree(folder, ignore_errors=True)
    return figures


def _in_turn(paths: list[str]) -> dict[str, Any]:
    with (
        Peer(_HERE, ["--theirs"]) as theirs,
        Peer(_HERE, ["--ours"], python=Path(sys.executable)) as ours,
    ):
        reference = theirs.ask("pdq", paths=paths).value
        same = sum(
            a == b for a, b in zip(reference, ours.ask("pdq", paths=paths).value, strict=True)
        )
        ours.ask("digests_too", paths=paths)
        ours.ask("in_a_worker", paths=paths)
        waited = ours.ask("in_a_worker", paths=paths).wall_s
        spent: dict[str, list[float]] = {"theirs": [], "ours": [], "digests": []}
        for _ in range(_ROUNDS):
            spent["theirs"].append(theirs.ask("pdq", paths=paths).cpu_s)
            spent["ours"].append(ours.ask("pdq", paths=paths).cpu_s)
            spent["digests"].append(ours.ask("digests_too", paths=paths).cpu_s)
    each = {name: 1e3 * median(values) / len(paths) for name, values in spent.items()}
    ratios = [a / b for a, b in zip(spent["theirs"], spent["ours"], strict=True)]
    return {
        "threatexchange, cpu ms a file": each["theirs"],
        "ours, cpu ms a file": each["ours"],
        "ours with SHA-256, SHA-1 and MD5, cpu ms a file": each["digests"],
        "ours in a worker, ms a file by the clock": 1e3 * waited / len(paths),
        "times as fast (goal GOAL), median of the rounds": median(ratios),
        "times as fast, least of the rounds": min(ratios),
        "same hash and quality, of all files": f"{same} of {len(paths)}",
    }


def _their_pdq(paths: list[str]) -> list[list[Any]]:
    from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_bytes

    return [list(pdq_from_bytes(Path(path).read_bytes())) for path in paths]


def _our_pdq(paths: list[str]) -> list[list[Any]]:
    from leeward.hashing import hash_picture

    found = [hash_picture(Path(path).read_bytes()) for path in paths]
    return [[picture.pdq.hex(), picture.quality] for picture in found]


def _our_digests_too(paths: list[str]) -> int:
    from leeward.hashing import hash_media

    return sum(hash_media(Path(path)).picture is not None for path in paths)


def _in_a_worker(paths: list[str]) -> int:
    """One process that can be killed, bytes handed over, one file after the other."""
    return sum(_hasher().hash(Path(path).read_bytes()).picture is not None for path in paths)


@cache
def _hasher() -> Any:
    from leeward.hashing import MediaHasher

    return MediaHasher()


# --- pictures ----------------------------------------------------------------------------------


def _files(folder: Path, side: int, count: int) -> list[Path]:
    paths = []
    for number in range(count):
        path = folder / f"{number}.jpg"
        path.write_bytes(_jpeg(picture(side, number), 85))
        paths.append(path)
    return paths


def picture(side: int, seed: int) -> Image:
    """Soft colours, a dozen shapes and grain."""
    import numpy as np
    from PIL import Image, ImageDraw

    rng = np.random.default_rng((side, seed))
    blocks = int(rng.integers(3, 24))
    soft = Image.fromarray(rng.integers(0, 256, (blocks, blocks, 3), dtype=np.uint8))
    drawn = soft.resize((side, side), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(drawn)
    for _ in range(12):
        x, y, width, height = rng.integers(0, side, 4)
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        box = (int(x), int(y), int(x + width // 3 + 1), int(y + height // 3 + 1))
        (draw.ellipse if rng.integers(2) else draw.rectangle)(box, fill=colour)
    grain = rng.normal(0, rng.uniform(1, 6), (side, side, 1))
    return Image.fromarray(np.clip(np.asarray(drawn) + grain, 0, 255).astype(np.uint8))


def _jpeg(image: Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


# --- what a hash survives ----------------------------------------------------------------------


def robustness(pictures: int) -> dict[str, Any]:
    """Change pictures of 512 pixels a side, and see how far their hashes move.

    Returns:
        For each change the share of pictures within 31 bits, the share of which one of the eight
        positions is within 31 bits, and the median of the bits that changed.
    """
    import numpy as np

    from leeward.hashing import pdq, pdq_dihedral

    originals = [picture(512, seed) for seed in range(pictures)]
    before = [pdq(np.asarray(image))[0] for image in originals]
    figures = {}
    for name, change in _CHANGES.items():
        changed = [np.asarray(change(image)) for image in originals]
        apart = [
            int((old != pdq(pixels)[0]).sum()) for old, pixels in zip(before, changed, strict=True)
        ]
        turned = [
            int((old != pdq_dihedral(pixels)[0]).sum(axis=1).min())
            for old, pixels in zip(before, changed, strict=True)
        ]
        figures[name] = (
            f"{np.mean(np.array(apart) <= _NEAR):.1%} within {_NEAR} bits, "
            f"{np.mean(np.array(turned) <= _NEAR):.1%} with the eight positions; "
            f"median {int(median(apart))} bits"
        )
    return figures


def _through_jpeg(quality: int) -> Callable[[Image], Image]:
    def change(image: Image) -> Image:
        from PIL import Image

        return Image.open(io.BytesIO(_jpeg(image, quality))).convert("RGB")

    return change


def _resized(factor: float) -> Callable[[Image], Image]:
    return lambda image: image.resize((int(image.width * factor), int(image.height * factor)))


def _brighter(image: Image) -> Image:
    return image.point(lambda value: min(255, value * 5 // 4))


def _cropped(image: Image) -> Image:
    """Five per cent of the width and height, half of it on each side."""
    edge_x, edge_y = image.width // 40, image.height // 40
    return image.crop((edge_x, edge_y, image.width - edge_x, image.height - edge_y))


def _bordered(image: Image) -> Image:
    from PIL import ImageOps

    return ImageOps.expand(image, image.width // 20, "white")


def _with_logo(image: Image) -> Image:
    """A disc in a corner, a fifth of the width across."""
    from PIL import ImageDraw

    copy, size = image.copy(), image.width // 5
    ImageDraw.Draw(copy).ellipse((8, 8, 8 + size, 8 + size), fill="white", outline="black", width=6)
    return copy


def _mirrored(image: Image) -> Image:
    from PIL import ImageOps

    return ImageOps.mirror(image)


def _askew(image: Image) -> Image:
    from PIL import Image

    return image.rotate(2, resample=Image.Resampling.BICUBIC)


_CHANGES: Final[dict[str, Callable[[Image], Image]]] = {
    "JPEG, quality 90": _through_jpeg(90),
    "JPEG, quality 70": _through_jpeg(70),
    "JPEG, quality 50": _through_jpeg(50),
    "JPEG, quality 30": _through_jpeg(30),
    "half the size": _resized(0.5),
    "a quarter of the size": _resized(0.25),
    "twice the size": _resized(2.0),
    "a quarter brighter": _brighter,
    "crop by 5 %": _cropped,
    "white border of 5 % on each side": _bordered,
    "logo of a fifth of the width": _with_logo,
    "mirrored": _mirrored,
    "turned by 90 degrees": lambda image: image.rotate(90, expand=True),
    "turned by 2 degrees": _askew,
}


# --- sameness ----------------------------------------------------------------------------------


def conformance(pictures: int) -> dict[str, Any]:
    """Compare with pdqhash over pictures of many sizes and kinds, and with the reference's own.

    Returns:
        How many hashes and qualities are the same; on how many the folded stages alone would
        differ, which is why some are done step by step; and on how many they are.
    """
    import numpy as np
    import pdqhash

    from leeward.hashing import _pdq as inner
    from leeward.hashing import pdq
    from leeward.hashing._transform import bits_of, settled, transform

    rng = np.random.default_rng(5)
    same = alone = stepwise = 0
    for _ in range(pictures):
        rgb = _any_picture(rng)
        bits, quality = pdqhash.compute(rgb)
        ours, our_quality = pdq(rgb)
        same += bool((bits == ours).all()) and quality == our_quality
        frequencies = transform(inner._folded(rgb, inner.UPRIGHT))
        alone += bool((bits_of(frequencies) != bits).any())
        stepwise += not settled(frequencies)
    return {
        "same hash and quality as pdqhash": f"{same:,} of {pictures:,}",
        "would differ if all were folded": f"{alone:,} of {pictures:,}",
        "done step by step for that reason": f"{stepwise:,} of {pictures:,}",
        "same as the reference's own pictures": _reference(),
    }


def _reference() -> str:
    from leeward.hashing import hash_picture

    if not _REFERENCE.is_dir():
        return "the pictures are absent"
    with (_REFERENCE / "expected.csv").open() as file:
        rows = list(csv.DictReader(file))
    same = sum(
        hash_picture((_REFERENCE / row["file"]).read_bytes()).pdq.hex() == row["pdq"]
        for row in rows
    )
    return f"{same} of {len(rows)}"


def _any_picture(rng: Generator) -> Any:
    """Soft colours with more or less grain, of 5 to 600 pixels a side."""
    import numpy as np
    from PIL import Image

    height, width = (int(value) for value in np.exp(rng.uniform(np.log(5), np.log(600), 2)))
    blocks = int(rng.integers(3, 40))
    soft = Image.fromarray(rng.integers(0, 256, (blocks, blocks, 3), dtype=np.uint8))
    drawn = np.asarray(soft.resize((width, height), Image.Resampling.BICUBIC)).astype(np.int16)
    grain = rng.integers(-int(rng.integers(1, 30)), 30, (height, width, 1))
    return np.clip(drawn + grain, 0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--folder", type=Path, default=_HERE.parent / ".data" / "hashing")
    parser.add_argument("--ours", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--theirs", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.theirs:
        serve({"pdq": _their_pdq})
    elif arguments.ours:
        serve({"pdq": _our_pdq, "digests_too": _our_digests_too, "in_a_worker": _in_a_worker})
    else:
        figures = run(arguments.pictures, arguments.folder)
        figures |= conformance(100 * arguments.pictures) | robustness(10 * arguments.pictures)
        for name, value in figures.items():
            print(f"{name}: {value:,.2f}" if isinstance(value, float) else f"{name}: {value}")


if __name__ == "__main__":
    main()
