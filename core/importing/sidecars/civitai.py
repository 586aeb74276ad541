"""What Civitai's API answers about a model or a version, as many tools save it.

A version: https://developer.civitai.com/docs/api/public-rest (GET /api/v1/model-versions/{id}); a model holds a list of
them under ``modelVersions``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.domain.statements import ClaimKind, Sidecar, Source, SourceTier
from core.importing.sidecars.builder import About, Builder, NotOurs, parse
from core.importing.sidecars.values import digest, mapping, mappings, number, text, words

_LICENSE = ("allowNoCredit", "allowCommercialUse", "allowDerivatives", "allowDifferentLicense")
_HASHES = {
    "SHA256": ClaimKind.SHA256,
    "AutoV2": ClaimKind.AUTOV2,
    "AutoV3": ClaimKind.AUTOV3,
    "BLAKE3": ClaimKind.BLAKE3,
}


def read_info(data: bytes, about: About) -> Sidecar:
    """Read ``<stem>.civitai.info`` of Civitai-Helper (both forks): a version; ``{}`` is one that Civitai lacks."""
    return _read(data, about, Source.CIVITAI_INFO)


def read_body(data: bytes, about: About) -> Sidecar:
    """Read ``<stem>.api_info.json``, ``<stem>.civitai.json`` or ``<file>.civitai.json``: a version or a model."""
    return _read(data, about, Source.CIVITAI_INFO)


def _read(data: bytes, about: About, source: Source) -> Sidecar:
    body = parse(data)
    out = Builder(source)
    if "modelVersions" in body:
        state_model(out, body, about)
    elif body and not {"id", "modelId", "model", "baseModel", "files", "trainedWords"} & body.keys():
        raise NotOurs
    else:
        state_version(out, body, about)
        out.keep({key: body[key] for key in ("extensions", "skeleton_file") if key in body})
    return out.done()


def state_version(out: Builder, version: Mapping[str, Any], about: About) -> None:
    """State what a version says, with what it holds of its model."""
    model = mapping(version.get("model"))
    out.text("title", model.get("name"))
    out.text("version", version.get("name"))
    out.text("base_model", version.get("baseModel"))
    out.words("trained_words", version.get("trainedWords"))
    out.civitai_page(version.get("modelId"), version.get("id"))
    out.moment("published_at", version.get("publishedAt") or version.get("createdAt"))
    out.text("ids.air", version.get("air"))
    state_about_model(out, model, version.get("creator"))
    has_description = text(model.get("description")) is not None
    out.prose("notes" if has_description else "description", version.get("description"))
    _state_images(out, version.get("images"))
    state_claims(out, version.get("files"), about)


def state_model(out: Builder, model: Mapping[str, Any], about: About) -> None:
    """State what a model says, with the one version that has this file; none where that is not known."""
    out.text("title", model.get("name"))
    state_about_model(out, model, model.get("creator"))
    version = _version_of(mappings(model.get("modelVersions")), about)
    out.civitai_page(model.get("id"), version.get("id"))
    out.text("version", version.get("name"))
    out.text("base_model", version.get("baseModel"))
    out.words("trained_words", version.get("trainedWords"))
    out.prose("notes", version.get("description"))
    out.moment("published_at", version.get("publishedAt") or version.get("createdAt"))
    _state_images(out, version.get("images"))
    state_claims(out, version.get("files"), about)


def state_about_model(out: Builder, model: Mapping[str, Any], creator: Any) -> None:
    """State what belongs to all versions of a model alike."""
    out.prose("description", model.get("description"))
    out.words("tags", model.get("tags"))
    out.true("nsfw", model.get("nsfw"))
    out.text("author", mapping(creator).get("username"))
    state_permissions(out, model)


def state_permissions(out: Builder, model: Mapping[str, Any]) -> None:
    """State the permissions in words (``allowCommercialUse: Image, Rent``) as the license where nobody names one."""
    said = [(key, model[key]) for key in _LICENSE if model.get(key) not in (None, "", [])]
    lines = [
        f"{key}: {', '.join(words(value)) if isinstance(value, list) else _permission(value)}" for key, value in said
    ]
    out.add("license", "\n".join(lines) or None, SourceTier.NAME)


def _permission(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(words(value))
    return ", ".join(words(str(value).strip("{}[]").replace("'", "")))


def _state_images(out: Builder, images: Any) -> None:
    prompts = []
    for image in mappings(images):
        meta = mapping(image.get("meta"))
        prompt, negative = text(meta.get("prompt")), text(meta.get("negativePrompt"))
        if prompt or negative:
            prompts.append({"positive": prompt or "", "negative": negative or ""})
    out.add("prompts", [one for n, one in enumerate(prompts) if one not in prompts[:n]])


def state_claims(out: Builder, files: Any, about: About) -> None:
    """Note the hashes of the one file that is this model's: the only one, or the one with its name."""
    found = mappings(files)
    named = [one for one in found if one.get("name") == about.name]
    for one in named[:1] or (found if len(found) == 1 else []):
        hashes = mapping(one.get("hashes"))
        for name, kind in _HASHES.items():
            out.claim(kind, hashes.get(name))
        kilobytes = number(one.get("sizeKB"))
        out.size_claim(kilobytes * 1024 if kilobytes else None)


def _version_of(versions: Sequence[Mapping[str, Any]], about: About) -> Mapping[str, Any]:
    """Return the version that has the model file: by its hash, else by its name."""
    named = [one for one in versions if any(file.get("name") == about.name for file in mappings(one.get("files")))]
    if len(named) == 1 and about.known is None:
        return named[0]  # no need to read the whole model file
    for version in versions:
        for file in mappings(version.get("files")):
            stated = digest(mapping(file.get("hashes")).get("SHA256"), 64)
            if stated is not None and stated == about.sha256:
                return version
    return named[0] if named else {}
