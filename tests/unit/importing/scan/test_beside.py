"""Which files belong to a model, and the order of its pictures."""

from __future__ import annotations

from core.importing.scan.beside import Neighbours


def neighbours(*names: str) -> Neighbours:
    return Neighbours(names)


def test_pictures_come_in_the_order_of_their_kinds_numbers_and_suffixes() -> None:
    names = [
        "ink.png",
        "ink.webp",
        "ink.preview.jpeg",
        "ink.example.2.png",
        "ink.example.10.jpg",
        "ink_0.jpg",
        "ink_11.jpg",
    ]
    found = neighbours("ink.safetensors", *reversed(names), "ink.thumb.jpg", "ink.other.png", "inky.png", "ink.txt")
    assert found.of("ink.safetensors").pictures == tuple(names)


def test_a_number_belongs_to_the_model_that_has_it_in_its_name() -> None:
    found = neighbours("ink.safetensors", "ink_1.safetensors", "ink_1.jpg", "ink_2.jpg", "ink.v2.ckpt", "ink.v2.png")
    assert found.of("ink.safetensors").pictures == ("ink_2.jpg",)
    assert found.of("ink_1.safetensors").pictures == ("ink_1.jpg",)
    assert found.of("ink.v2.ckpt").pictures == ("ink.v2.png",)


def test_case_does_not_count_and_videos_stand_apart() -> None:
    found = neighbours(
        "Ink.SafeTensors", "ink.PNG", "INK.Preview.JPG", "ink.preview.mp4", "Ink.webm", "ink.Civitai.Info"
    )
    beside = found.of("Ink.SafeTensors")
    assert beside.pictures == ("ink.PNG", "INK.Preview.JPG")
    assert beside.videos == ("Ink.webm", "ink.preview.mp4")
    assert [(name, one.ending) for name, one in beside.sidecars] == [("ink.Civitai.Info", ".civitai.info")]


def test_two_models_of_one_stem_share_what_lies_beside_them() -> None:
    found = neighbours("ink.safetensors", "ink.ckpt", "ink.json", "ink.png", "ink.safetensors.rgthree-info.json")
    assert [name for name, _ in found.of("ink.ckpt").sidecars] == ["ink.json"]
    assert [name for name, _ in found.of("ink.safetensors").sidecars] == [
        "ink.json",
        "ink.safetensors.rgthree-info.json",
    ]
    assert found.of("ink.ckpt").pictures == found.of("ink.safetensors").pictures == ("ink.png",)
