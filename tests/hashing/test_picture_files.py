"""Files of every kind hash as their pixels do, by the rules that are documented."""

from __future__ import annotations

import io
import itertools
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pdqhash
import pillow_heif
import pytest
from PIL import Image, ImageOps

from leeward.errors import DependencyDown, InputError
from leeward.hashing import Limits, PictureHash, hash_picture
from tests.hashing._pictures import file_of, harbour, pixels, png_of_zeros

if TYPE_CHECKING:
    from collections.abc import Callable


def reference(image: Image.Image) -> tuple[str, int]:
    """What the threatexchange library makes of these pixels: bits in order, as one number."""
    bits, quality = pdqhash.compute(np.asarray(image))
    return f"{int(''.join(map(str, bits)), 2):064x}", quality


def told(found: PictureHash) -> tuple[str, int]:
    return found.pdq.hex(), found.quality


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


# --- kinds of files ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "mime", "options"),
    [
        ("JPEG", "image/jpeg", {"quality": 80}),
        ("JPEG", "image/jpeg", {"quality": 90, "subsampling": 0}),
        ("JPEG", "image/jpeg", {"quality": 75, "progressive": True}),
        ("PNG", "image/png", {}),
        ("WEBP", "image/webp", {"quality": 80}),
        ("WEBP", "image/webp", {"lossless": True}),
        ("AVIF", "image/avif", {"quality": 80}),
        ("GIF", "image/gif", {}),
    ],
)
def test_a_file_hashes_as_its_pixels_do(form: str, mime: str, options: dict[str, Any]) -> None:
    data = file_of(harbour(301, 407), form, **options)

    found = hash_picture(data)

    assert reference(opened(data).convert("RGB")) == told(found)
    assert (mime, 407, 301) == (found.mime, found.width, found.height)
    assert (False, 1, ()) == (found.damaged, found.frames, found.views)


@pytest.mark.parametrize("quality", [30, 60, 95])
@pytest.mark.parametrize("size", [(33, 47), (512, 512), (768, 1023)])
def test_a_jpeg_is_decoded_as_the_reference_library_decodes_it(
    size: tuple[int, int], quality: int
) -> None:
    data = file_of(harbour(*size, seed=quality), "JPEG", quality=quality)

    assert reference(opened(data)) == told(hash_picture(data))


def test_a_heic_file_hashes_as_its_pixels_do() -> None:
    heif = pillow_heif.from_pillow(harbour(200, 320))
    file = io.BytesIO()
    heif.save(file, quality=90)
    pixels = pillow_heif.open_heif(io.BytesIO(file.getvalue())).to_pillow()

    found = hash_picture(file.getvalue())

    assert reference(pixels) == told(found)
    assert ("image/heic", 320, 200) == (found.mime, found.width, found.height)


def test_a_heic_file_without_its_decoder_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)

    with pytest.raises(DependencyDown, match="pillow-heif") as caught:
        hash_picture(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    assert "leeward[heif]" in str(caught.value.hint)


# --- modes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_grey_black_and_white_and_palettes_hash_as_their_colours(mode: str) -> None:
    data = file_of(harbour().convert(mode), "PNG")

    assert reference(opened(data).convert("RGB")) == told(hash_picture(data))


def test_a_grey_jpeg_hashes_as_the_reference_does() -> None:
    data = file_of(harbour().convert("L"), "JPEG")
    grey = np.asarray(opened(data))

    assert reference(Image.fromarray(np.stack([grey] * 3, axis=2))) == told(hash_picture(data))


def test_cmyk_becomes_the_colours_that_pillow_makes_of_it() -> None:
    data = file_of(harbour().convert("CMYK"), "JPEG")

    assert reference(opened(data).convert("RGB")) == told(hash_picture(data))


def test_of_sixteen_bits_the_upper_eight_count() -> None:
    """Cutting at 255 instead, as Pillow does, leaves white sheets that all look alike."""
    deep = np.asarray(harbour().convert("L")).astype(np.uint16) * 256 + 37
    grey = (deep >> 8).astype(np.uint8)

    found = hash_picture(file_of(Image.fromarray(deep), "PNG"))

    assert reference(Image.fromarray(np.stack([grey] * 3, axis=2))) == told(found)


def test_transparency_is_ignored_and_the_picture_over_white_hashed_beside_it() -> None:
    layered = harbour(120, 160).convert("RGBA")
    hole = Image.new("L", layered.size, 255)
    hole.paste(40, (40, 30, 120, 90))
    layered.putalpha(hole)
    over_white = Image.new("RGB", layered.size, "white")
    over_white.paste(layered, mask=hole)

    found = hash_picture(file_of(layered, "PNG"))

    assert reference(Image.fromarray(np.asarray(layered)[:, :, :3].copy())) == told(found)
    (view,) = found.views
    assert ("over_white", 0) == (view.kind, view.frame)
    assert reference(over_white) == (view.pdq.hex(), view.quality)


@pytest.mark.parametrize("mode", ["LA", "RGBA", "PA"])
def test_an_opaque_picture_with_transparency_has_no_second_look(mode: str) -> None:
    image = harbour().convert("RGBA" if mode == "PA" else mode)
    data = file_of(image.quantize(64) if mode == "PA" else image, "PNG")

    assert hash_picture(data).views == ()


def test_a_palette_with_transparency_is_hashed_by_its_colours() -> None:
    palette = harbour().quantize(16)
    data = file_of(palette, "PNG", transparency=bytes([0, 128, *[255] * 14]))

    found = hash_picture(data)

    assert reference(palette.convert("RGB")) == told(found)
    assert [view.kind for view in found.views] == ["over_white"]


# --- which way up ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_hashed_as_it_is_shown_and_as_it_is_stored(
    orientation: int, form: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = file_of(harbour(90, 140), form, exif=exif)
    shown = ImageOps.exif_transpose(opened(data)).convert("RGB")

    found = hash_picture(data)

    assert reference(shown) == told(found)
    assert shown.size == (found.width, found.height)
    stored = [(view.pdq.hex(), view.quality) for view in found.views if view.kind == "as_stored"]
    expected = [] if orientation == 1 else [reference(opened(data).convert("RGB"))]
    assert expected == stored


@pytest.mark.parametrize("orientation", [0, 9, 4_000])
def test_an_absurd_orientation_counts_as_none(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    plain = hash_picture(file_of(harbour(), "JPEG"))

    assert plain == hash_picture(file_of(harbour(), "JPEG", exif=exif))


def test_broken_exif_counts_as_none() -> None:
    data = file_of(harbour(), "JPEG")
    segment = b"Exif\0\0" + b"MM\0\x2a\xff\xff\xff\xff" + bytes(40)
    broken = data[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2) + segment + data[2:]

    assert hash_picture(data) == hash_picture(broken)


# --- animations --------------------------------------------------------------------------------


def animation(frames: int, form: str = "GIF", side: int = 64) -> bytes:
    images = [Image.fromarray(pixels("soft", side, side, seed)) for seed in range(frames)]
    return file_of(images[0], form, save_all=True, append_images=images[1:], duration=40)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "AVIF"])
def test_the_first_frame_of_an_animation_is_its_hash_and_others_are_sampled(form: str) -> None:
    data = animation(5, form)
    image = opened(data)
    expected = []
    for number in range(5):
        image.seek(number)
        expected.append(reference(image.convert("RGB")))

    found = hash_picture(data)

    assert expected[0] == told(found)
    assert found.frames == 5
    assert [1, 2, 3, 4] == [view.frame for view in found.views]
    assert expected[1:] == [(view.pdq.hex(), view.quality) for view in found.views]


def test_many_frames_are_sampled_evenly_and_within_the_limits() -> None:
    data = animation(90, side=16)

    all_read = hash_picture(data, limits=Limits(max_views=8))
    some_read = hash_picture(data, limits=Limits(max_frames=20))
    few_pixels = hash_picture(data, limits=Limits(max_frame_pixels=16 * 16 * 10))
    only_first = hash_picture(data, limits=Limits(max_views=0))

    numbers = [view.frame for view in all_read.views]
    assert (90, 20, 10, 1) == (
        all_read.frames,
        some_read.frames,
        few_pixels.frames,
        only_first.frames,
    )
    assert 4 <= len(numbers) <= 8
    assert len({after - before for before, after in itertools.pairwise(numbers)}) == 1
    assert numbers[-1] >= 90 - 2 * numbers[0]


def test_an_animation_that_breaks_off_keeps_what_came_before() -> None:
    data = animation(6, side=64)

    found = hash_picture(data[: len(data) // 2])

    assert told(hash_picture(data)) == told(found)
    assert 1 < found.frames < 6


# --- broken and hostile files ------------------------------------------------------------------


@pytest.mark.parametrize(("form", "missing"), [("JPEG", 2), ("PNG", 40), ("GIF", 40)])
def test_of_a_picture_cut_short_what_is_there_is_hashed(form: str, missing: int) -> None:
    """A missing last byte must not hide a known picture."""
    data = file_of(harbour(300, 400), form)
    whole, short, half = (
        hash_picture(data),
        hash_picture(data[:-missing]),
        hash_picture(data[: len(data) // 2]),
    )

    apart = int.from_bytes(whole.pdq) ^ int.from_bytes(short.pdq)
    assert (False, True, True) == (whole.damaged, short.damaged, half.damaged)
    assert apart.bit_count() <= 10
    assert (half.width, half.height) == (400, 300)


def test_pixels_of_an_earlier_picture_never_fill_a_damaged_one() -> None:
    data = file_of(Image.new("RGB", (64, 64), "white"), "JPEG")
    short = data[: data.index(b"\xff\xda") + 14]
    hash_picture(file_of(harbour(64, 64), "JPEG"))
    first = hash_picture(short)
    hash_picture(file_of(harbour(64, 64, seed=9), "JPEG"))

    assert first == hash_picture(short)


def test_a_polyglot_is_what_its_first_bytes_say() -> None:
    picture, other = file_of(harbour(), "JPEG"), file_of(harbour(seed=4), "PNG")

    assert told(hash_picture(picture)) == told(hash_picture(picture + other))
    assert told(hash_picture(other)) == told(hash_picture(other + picture))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"\xff\xd8\xff", "cannot be decoded"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "cannot be decoded"),
        (b"GIF89a" + bytes(64), "cannot be decoded"),
        (b"RIFF\x10\0\0\0WEBP" + bytes(64), "cannot be decoded"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(64), "cannot be decoded"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "cannot be decoded"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "no kind of picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no kind of picture"),
        (b"%!PS-Adobe-3.0", "no kind of picture"),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        hash_picture(data, where="upload 7")
    assert caught.value.where == "upload 7"
    assert caught.value.hint


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_damaged_bytes_end_in_a_hash_or_a_refusal(
    form: str, rounds: Callable[[int, int], int]
) -> None:
    data = file_of(harbour(40, 60), form)
    rng = np.random.default_rng(3)
    for _ in range(rounds(2_000, 60)):
        broken = bytearray(data)
        for at in rng.integers(0, len(broken), int(rng.integers(1, 8))):
            broken[at] = int(rng.integers(256))
        try:
            found = hash_picture(bytes(broken), limits=Limits(max_pixels=1_000_000))
        except InputError as error:
            assert error.hint  # noqa: PT017 - either outcome is right
        else:
            assert len(found.pdq) == 32


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(max_bytes=100), "bytes, and 100 are allowed"),
        (Limits(max_pixels=1_000), "400 x 300 pixels"),
        (Limits(max_side=399), "a side of 399"),
    ],
)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_a_file_over_a_limit_is_refused(form: str, limits: Limits, message: str) -> None:
    with pytest.raises(InputError, match=message):
        hash_picture(file_of(harbour(300, 400), form), limits=limits)


def test_a_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(InputError, match="far more pixels"):
        hash_picture(png_of_zeros(30_000, 30_000))
    with pytest.raises(InputError, match=r"12,000 x 12,000 pixels"):
        hash_picture(png_of_zeros(12_000, 12_000))


def test_no_hash_shows_in_repr() -> None:
    found = hash_picture(animation(3), dihedral=True)

    shown = f"{found!r} {found.views!r}"
    values = [found.pdq, *found.dihedral, *(view.pdq for view in found.views)]
    assert len(values) == 11
    assert not any(value.hex()[:8] in shown or repr(value)[2:-1] in shown for value in values)
