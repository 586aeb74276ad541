"""Read the generation data of an image file, whichever tool wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.domain.generation import Generation
from core.images.generation import a1111, comfyui, other_tools, values
from core.images.generation.stealth import hidden_texts
from core.images.generation.texts import ImageTexts, image_texts


def read_generation(data: bytes) -> Generation | None:
    """Return what the image in ``data`` was made with, None if its file does not say.

    Only a PNG with transparency that says nothing is decoded: NovelAI hides its texts in the pixels as well.
    """
    return next(_found(image_texts(data)), None) or _novelai(hidden_texts(data))


def _found(texts: ImageTexts) -> Iterator[Generation]:
    """Yield what is found, the surest first: ``prompt`` may be the plain text of some other tool."""
    named = texts.by_keyword
    for found in (
        _invokeai(named),
        _parameters(named.get("parameters", "")),
        _parameters(texts.comment),
        _novelai(named),
        comfyui.read(named.get("prompt", "")),
        *(comfyui.read(text.removeprefix("prompt:")) for text in texts.others if text.startswith("prompt:")),
    ):
        if found is not None:
            yield found


def _parameters(text: str) -> Generation | None:
    """Read the parameters of AUTOMATIC1111 and its kin, or the JSON that others write in their place."""
    said = values.json_object(text)
    if said is None:
        return a1111.read(text)
    return other_tools.swarmui(said) or other_tools.fooocus(said)


def _invokeai(named: Mapping[str, str]) -> Generation | None:
    for keyword in ("invokeai_metadata", "sd-metadata"):
        said = values.json_object(named.get(keyword, ""))
        if said is not None and (found := other_tools.invokeai(said)) is not None:
            return found
    return other_tools.dream(named.get("Dream", ""))


def _novelai(named: Mapping[str, str]) -> Generation | None:
    said = values.json_object(named.get("Comment", "")) if named.get("Software") == "NovelAI" else None
    return None if said is None else other_tools.novelai(said, named.get("Source", ""))
