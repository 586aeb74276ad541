"""Finding and numbering images: strict names, numeric order, open moves applied, nothing outside the images folder."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.enums import Tier
from core.domain.operations import Move
from core.errors import ImageError, LibraryError
from core.images.scanner import ImageScanner, parse_name, relative_path, tier_name

SHA = "ab" * 32
OTHER = "cd" * 32
DEEPER = ("images/ab", f"images/ab/{SHA}")


def scanner(root: Path, *moves: Move) -> ImageScanner:
    return ImageScanner(root, lambda: (len(moves), moves))


def put(root: Path, seq: int, tier: Tier = Tier.HIGH, sha256: str = SHA, data: bytes = b"webp") -> Path:
    path = root / relative_path(sha256, seq, tier)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_names_and_places_are_the_designs() -> None:
    assert tier_name(SHA, 3, Tier.LOW) == f"{SHA}_3_low.webp"
    assert relative_path(SHA, 3, Tier.LOW) == f"images/ab/{SHA}/{SHA}_3_low.webp"


@given(st.integers(0, 10**15 - 1), st.sampled_from(Tier))
def test_a_name_is_read_back_as_it_was_made(seq: int, tier: Tier) -> None:
    assert parse_name(tier_name(SHA, seq, tier), SHA) == (seq, tier)


@pytest.mark.parametrize(
    "name",
    [
        f"{SHA}_03_high.webp",
        f"{SHA}_-1_high.webp",
        f"{SHA}_+1_high.webp",
        f"{SHA}_1_0_high.webp",
        f"{SHA}_\u0663_high.webp",
        f"{SHA}__high.webp",
        f"{SHA}_1_HIGH.webp",
        f"{SHA}_1_huge.webp",
        f"{SHA}_1_high.png",
        f"{SHA}_1_high.webp\n",
        f"{SHA}_1_high.webp.tmp",
        f" {SHA}_1_high.webp",
        f"{SHA}_1.webp",
        f"{SHA.upper()}_1_high.webp",
        f"{OTHER}_1_high.webp",
        f"{SHA}_{10**15}_high.webp",
        f"x/{SHA}_1_high.webp",
        "",
    ],
)
def test_any_other_name_is_none(name: str, tmp_path: Path) -> None:
    assert parse_name(name, SHA) is None
    put(tmp_path, 0)
    if name and "/" not in name:
        (tmp_path / "images" / "ab" / SHA / name).write_bytes(b"")
    assert scanner(tmp_path).sequence(SHA) == [0]
    assert scanner(tmp_path).get_next_sequence_index(SHA) == 1


def test_two_comes_before_ten(tmp_path: Path) -> None:
    for seq in (10, 2, 1, 0, 33):
        put(tmp_path, seq)
    assert scanner(tmp_path).get_image_list(SHA) == [f"{SHA}_{seq}" for seq in (0, 1, 2, 10, 33)]
    assert scanner(tmp_path).get_next_sequence_index(SHA) == 34


def test_any_tier_makes_an_image(tmp_path: Path) -> None:
    put(tmp_path, 0, Tier.HIGH)
    put(tmp_path, 0, Tier.LOW)
    put(tmp_path, 4, Tier.LOW)
    assert scanner(tmp_path).sequence(SHA) == [0, 4]
    assert scanner(tmp_path).get_next_sequence_index(SHA) == 5


def test_without_an_images_folder_there_are_no_images(tmp_path: Path) -> None:
    assert scanner(tmp_path).get_image_list(SHA) == []
    assert scanner(tmp_path).get_next_sequence_index(SHA) == 0
    assert list(tmp_path.iterdir()) == []


def test_models_do_not_see_each_others_images(tmp_path: Path) -> None:
    near = SHA[:-1] + "0"
    put(tmp_path, 0)
    put(tmp_path, 5, sha256=near)
    assert scanner(tmp_path).sequence(SHA) == [0]
    assert scanner(tmp_path).sequence(near) == [5]


@pytest.mark.parametrize(
    ("where", "kind"),
    [*((where, "file") for where in ("images", *DEEPER)), *((where, "link") for where in DEEPER)],
)
def test_a_file_or_a_link_in_the_place_of_a_folder_holds_no_images(tmp_path: Path, where: str, kind: str) -> None:
    library, elsewhere = tmp_path / "library", tmp_path / "elsewhere"
    put(library, 0)
    place = library / where
    shutil.move(place, elsewhere)
    if kind == "file":
        place.write_bytes(b"")
    else:
        place.symlink_to(elsewhere)
    assert scanner(library).sequence(SHA) == []
    with pytest.raises(ImageError):
        scanner(library).open_image(f"{SHA}_0")


def test_the_images_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    library = tmp_path / "library"
    put(library, 0)
    shutil.move(library / "images", tmp_path / "disk")
    (library / "images").symlink_to(tmp_path / "disk")
    assert scanner(library).sequence(SHA) == [0]
    with scanner(library).open_image(f"{SHA}_0") as file:
        assert file.read() == b"webp"


def test_a_link_or_a_folder_named_like_an_image_is_none_but_its_number_is_not_given_again(tmp_path: Path) -> None:
    folder = put(tmp_path, 0).parent
    (folder / tier_name(SHA, 1, Tier.HIGH)).symlink_to(put(tmp_path, 0))
    (folder / tier_name(SHA, 2, Tier.HIGH)).mkdir()
    assert scanner(tmp_path).sequence(SHA) == [0]
    assert scanner(tmp_path).get_next_sequence_index(SHA) == 3


def test_a_folder_that_cannot_be_read_is_an_error_not_an_empty_sequence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_folder: object) -> None:
        raise PermissionError(errno.EACCES, "no")

    put(tmp_path, 0)
    monkeypatch.setattr(os, "scandir", refuse)  # not chmod: root reads everything
    with pytest.raises(LibraryError, match="cannot be read"):
        scanner(tmp_path).get_next_sequence_index(SHA)


BAD_SHA = [
    "",
    SHA[:-1],
    SHA + "a",
    SHA.upper(),
    SHA + "\n",
    "g" * 64,
    "../" + SHA,
    "\u0661" * 64,
    None,
    7,
    SHA.encode(),
]


@pytest.mark.parametrize("sha256", BAD_SHA)
def test_what_is_no_sha256_is_an_error(tmp_path: Path, sha256: Any) -> None:
    for ask in (
        scanner(tmp_path).get_image_list,
        scanner(tmp_path).sequence,
        scanner(tmp_path).get_next_sequence_index,
    ):
        with pytest.raises(ValueError):
            ask(sha256)


@pytest.mark.parametrize("ending", ["", ".webp"])
def test_the_path_of_an_image(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "images" / "ab" / SHA
    path = scanner(tmp_path).get_image_path
    assert path(f"{SHA}_3{ending}") == folder / f"{SHA}_3_high.webp"
    assert path(f"{SHA}_12{ending}", quality="low") == folder / f"{SHA}_12_low.webp"
    assert path(f"{SHA}{ending}", "medium") == folder / f"{SHA}_0_medium.webp"
    assert path(SHA + ending, Tier.MEDIUM) == folder / f"{SHA}_0_medium.webp"


@pytest.mark.parametrize(
    "identifier",
    [
        *BAD_SHA,
        f"{SHA}_",
        f"{SHA}_01",
        f"{SHA}_-1",
        f"{SHA}_1_high",
        f"{SHA}_1_high.webp",
        f"{SHA}_1.webp.webp",
        f"{SHA}_1.png",
        f"{SHA}_1\n",
        f"{SHA}_1/../../x",
        f"/{SHA}_1",
        f"{SHA}_\u0663",
        f"{SHA}_{10**15}",
    ],
)
def test_what_is_no_identifier_is_an_error(tmp_path: Path, identifier: Any) -> None:
    for ask in (scanner(tmp_path).get_image_path, scanner(tmp_path).open_image):
        with pytest.raises(ValueError, match="not an image identifier"):
            ask(identifier)


@pytest.mark.parametrize("quality", ["", "HIGH", "best", "../high", None, 0, ["high"]])
def test_an_unknown_quality_is_an_error(tmp_path: Path, quality: Any) -> None:
    with pytest.raises(ValueError, match="not a quality"):
        scanner(tmp_path).get_image_path(SHA, quality)


@settings(max_examples=50)
@given(st.text(max_size=80) | st.from_regex(r"[0-9a-f]{64}(_[0-9./]{0,6})?(\.webp)?", fullmatch=True))
def test_no_text_leads_outside_the_images_folder(text: str) -> None:
    try:
        path = scanner(Path("/library")).get_image_path(text)
    except ValueError:
        return
    assert os.path.normpath(path) == str(path)
    assert path.is_relative_to("/library/images")


def test_an_image_is_opened_by_tier(tmp_path: Path) -> None:
    put(tmp_path, 2, Tier.HIGH, data=b"large")
    put(tmp_path, 2, Tier.LOW, data=b"small")
    for quality, data in (("high", b"large"), ("low", b"small")):
        with scanner(tmp_path).open_image(f"{SHA}_2", quality) as file:
            assert file.read() == data


def test_an_image_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    put(tmp_path, 0)
    with pytest.raises(ImageError, match=f"{SHA}_1_high"):
        scanner(tmp_path).open_image(f"{SHA}_1")


def test_no_link_folder_or_pipe_is_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    folder = put(tmp_path, 9).parent
    (folder / tier_name(SHA, 0, Tier.HIGH)).symlink_to(secret)
    (folder / tier_name(SHA, 1, Tier.HIGH)).mkdir()
    os.mkfifo(folder / tier_name(SHA, 2, Tier.HIGH))
    for seq in range(3):
        with pytest.raises(ImageError):
            scanner(tmp_path).open_image(f"{SHA}_{seq}")


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    put(tmp_path, 0)
    before = len(os.listdir("/dev/fd"))
    for _round in range(5):
        scanner(tmp_path).sequence(SHA)
        scanner(tmp_path).sequence(OTHER)
        scanner(tmp_path).open_image(SHA).close()
        with pytest.raises(ImageError):
            scanner(tmp_path).open_image(OTHER)
    assert len(os.listdir("/dev/fd")) == before
