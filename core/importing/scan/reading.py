"""Read everything that is said about one model file: by its header, by the files beside it, and by its name."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from core.domain.scans import ScanProblem
from core.domain.statements import ClaimKind, Sidecar, Source, SourcedClaim, SourcedStatement, SourceTier, Statement
from core.domain.structure import Kind, Structure
from core.errors import ModelFileError
from core.files.safe_open import open_model
from core.headers import gguf, safetensors
from core.headers.header import Header, HeaderUnreadable
from core.importing.headers import metadata
from core.importing.headers.detection import detect
from core.importing.scan.assets import NOTHING_TOLD, Told
from core.importing.scan.beside import Beside
from core.importing.scan.listing import ModelFile
from core.importing.scan.types import OTHER
from core.importing.sidecars.builder import About
from core.importing.sidecars.formats import PROMPT
from core.importing.sidecars.reading import ReadSidecar, read_sidecars

_STAMP_BYTES = 16
_MOST_PROMPTS = 100  # files of example prompts of one model
_MAX_HEADER = 1 << 20  # bytes of a header's metadata, compressed, that are kept

_PRECISIONS = {"fp16": "F16", "bf16": "BF16"}

_Reader = Callable[[BinaryIO, int], Header]
_FORMATS: Mapping[str, tuple[_Reader, Callable[[Mapping[str, Any]], Sidecar]]] = {
    ".safetensors": (safetensors.read, metadata.read_safetensors),
    ".sft": (safetensors.read, metadata.read_safetensors),
    ".gguf": (gguf.read, metadata.read_gguf),
}
_TYPES = {
    Kind.EMBEDDING: "embeddings",
    Kind.VAE: "vae",
    Kind.UPSCALER: "upscale_models",
    Kind.CONTROLNET: "controlnet",
    Kind.CHECKPOINT: "checkpoints",
    Kind.DIFFUSION_MODEL: "diffusion_models",
    Kind.TEXT_ENCODER: "text_encoders",
}  # every other kind is an adapter


@dataclass(frozen=True, slots=True)
class Picture:
    """A sample image: a file, or bytes that lie in the file ``path``.

    ``beside`` says whether that is the model file or a file beside it: it then moves along with the model.
    """

    path: str
    data: bytes | None = None
    beside: bool = True


@dataclass(frozen=True, slots=True)
class OwnHeader:
    """What a model file's own header says and shows.

    ``metadata`` is kept as compressed JSON. ``whole`` is the size in bytes that the file must have by it.
    ``unreadable`` says why it cannot be read, ``problem`` what is to be told about it. ``tensors`` is a digest of the
    names and shapes of its tensors.
    """

    said: Sidecar = field(default_factory=Sidecar)
    structure: Structure | None = None
    metadata: bytes | None = None
    whole: int | None = None
    unreadable: str = ""
    problem: str = ""
    tensors: str = ""


@dataclass(frozen=True, slots=True)
class ReadModel:
    """A model file, and everything that is said about it.

    ``beside`` is a digest of the names and stamps of the files that belong to it, ``read`` the number of bytes read.
    """

    file: ModelFile
    beside: str
    statements: tuple[SourcedStatement, ...]
    claims: tuple[SourcedClaim, ...]
    own: OwnHeader
    pictures: tuple[Picture, ...]
    problems: tuple[ScanProblem, ...]
    read: int

    @property
    def type(self) -> str:
        """Its type: by its folders, else by its tensors."""
        if self.file.type is not None:
            return self.file.type
        shown = self.own.structure
        return OTHER if shown is None else _TYPES.get(shown.kind, "loras")


def beside_stamp(folder: str, beside: Beside, prompts: str | None, told: str = "") -> str:
    """Return a digest of the names, sizes and times of the files that belong to a model, and of the stamp ``told``."""
    names = [*(name for name, _ in beside.sidecars), *beside.pictures, *beside.videos]
    names += [f"{prompts}/{name}" for name in _prompt_files(folder, prompts)]
    lines = "\n".join(f"{name}\0{_stamp(os.path.join(folder, name))}" for name in names) + told
    return hashlib.blake2b(os.fsencode(lines), digest_size=_STAMP_BYTES).hexdigest()


def _stamp(path: str) -> str:
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError as error:
        return f"- {error.errno}"
    return f"{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def prompts_of(model: ModelFile, names: Collection[str]) -> str | None:
    """Return the name of the folder with a model's example prompts, if there is one; ``names`` are in its folder."""
    stem = os.path.splitext(model.name)[0]
    return stem if stem in names and os.path.isdir(os.path.join(model.folder, stem)) else None


def _prompt_files(folder: str, prompts: str | None) -> list[str]:
    """Return the example prompts in the folder that has the model's name (Custom-Scripts)."""
    if prompts is None:
        return []
    try:
        return sorted(name for name in os.listdir(os.path.join(folder, prompts)) if name.endswith(".txt"))
    except OSError:
        return []


def read_model(
    model: ModelFile, about: About, beside: Beside, stamp: str, prompts: str | None = None, told: Told = NOTHING_TOLD
) -> ReadModel:
    """Read a model's header and sidecars, and example prompts in the folder ``prompts`` beside it.

    What cannot be read is in ``problems``. ``stamp`` is that of ``beside_stamp``, taken before; ``told`` is what
    databases say of it.
    """
    own = _read_header(model)
    sidecars = read_sidecars(model.folder, beside.sidecars, about)
    if prompts is not None:
        files = [(name, PROMPT) for name in _prompt_files(model.folder, prompts)[:_MOST_PROMPTS]]
        sidecars += read_sidecars(os.path.join(model.folder, prompts), files, about)
    own_words = [ReadSidecar(model.path, own.said), ReadSidecar(model.path, _of_name(about, beside))]
    said = [*sidecars, *told.sidecars, *own_words]
    problems = [ScanProblem(one.path, reason) for one in said for reason in one.sidecar.problems]
    if own.problem:
        problems.insert(0, ScanProblem(model.path, own.problem))
    return ReadModel(
        model,
        stamp,
        tuple(SourcedStatement(one, part.path) for part in said for one in part.sidecar.statements),
        tuple(SourcedClaim(one, part.sidecar.source, part.path) for part in said for one in part.sidecar.claims),
        own,
        (*_pictures(model, beside, said), *(Picture(path, beside=False) for path in told.previews)),
        tuple(problems),
        sum(part.size for part in sidecars) + len(own.metadata or b""),
    )


def _pictures(model: ModelFile, beside: Beside, said: list[ReadSidecar]) -> Iterator[Picture]:
    for name in beside.pictures:
        yield Picture(os.path.join(model.folder, name))
    for part in said:
        for data in part.sidecar.pictures:
            yield Picture(part.path, data)


def _of_name(about: About, beside: Beside) -> Sidecar:
    """Return what the names of the model and of its videos say; videos are never opened."""
    found = [Statement("title", about.stem, Source.FILE_NAME, SourceTier.NAME)]
    if beside.videos:
        found.append(Statement("videos", list(beside.videos), Source.FILE_NAME, SourceTier.NAME))
    return Sidecar(tuple(one for one in found if _is_text(one.value)))


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # a name that is not UTF-8
        return False
    return True


def _read_header(model: ModelFile) -> OwnHeader:
    reader = _FORMATS.get(os.path.splitext(model.name)[1].lower())
    try:
        with open(open_model(model.path), "rb") as file:
            if reader is None:  # pickles are never opened as such
                return OwnHeader()
            read, say = reader
            size = os.fstat(file.fileno()).st_size
            header = read(file, size)
    except ModelFileError as error:
        return OwnHeader(problem=str(error))
    except HeaderUnreadable as error:
        told = f"its header cannot be read: {error}"
        return OwnHeader(unreadable="" if error.unread else str(error), problem=told)
    except OSError as error:
        return OwnHeader(problem=f"it cannot be read ({os.strerror(error.errno or 0)})")
    kept = zlib.compress(json.dumps(dict(header.metadata), default=str).encode()) if header.metadata else None
    if kept is not None and len(kept) > _MAX_HEADER:
        kept = None
    # What is behind the last tensor of a GGUF file is padding.
    exact = header.size and (read is safetensors.read or size < header.size)
    said, shown = _said(header, say), detect(header.tensors)
    whole = header.size if exact else None
    short = whole is not None and size < whole
    told = f"it is cut short: {size:,} of the {whole:,} bytes that its header tells of are there" if short else ""
    return OwnHeader(said, shown, kept, whole, problem=told, tensors=_digest(header))


def _digest(header: Header) -> str:
    if not header.tensors:
        return ""
    lines = "\n".join(sorted(f"{name} {tensor.shape}" for name, tensor in header.tensors.items()))
    return hashlib.blake2b(lines.encode(errors="surrogatepass"), digest_size=_STAMP_BYTES).hexdigest()


def _said(header: Header, say: Callable[[Mapping[str, Any]], Sidecar]) -> Sidecar:
    """Return what a header says; the hash of a body that was saved again in another precision proves nothing."""
    if not header.metadata:
        return Sidecar()
    said = say(header.metadata)
    trained = _PRECISIONS.get(str(header.metadata.get("ss_mixed_precision")))
    types = {tensor.dtype for tensor in header.tensors.values()}
    if trained is None or trained in types:
        return said
    claims = (
        replace(one, kind=ClaimKind.MODELSPEC) if one.kind is ClaimKind.BODY_SHA256 else one for one in said.claims
    )
    return replace(said, claims=tuple(claims))
