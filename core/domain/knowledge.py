"""Everything that is known about the file of a record: where it lies, who says what, what its bytes show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.statements import SourcedClaim, SourcedStatement
from core.domain.structure import Structure
from core.domain.verdict import Verdict


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A claim about a file; ``holds`` is None until the hash or size that it states has been computed."""

    stated: SourcedClaim
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known about a record's file.

    ``locations`` are the paths under which it was found, the current one first. ``sources`` has the statements of each
    field (a dotted path of meta_json, or ``tags``), those that count most first. Hashes are None until they
    are computed; ``verdict`` is None while it depends on them, or if no scan has read the file. ``aliases`` are the
    hashes of files with the same weights that were merged into a model.
    """

    locations: tuple[str, ...] = ()
    sources: Mapping[str, tuple[SourcedStatement, ...]] = field(default_factory=dict)
    claims: tuple[CheckedClaim, ...] = ()
    structure: Structure | None = None
    sha256: str | None = None
    body_sha256: str | None = None
    blake3: str | None = None
    verdict: Verdict | None = None
    aliases: tuple[str, ...] = ()


NOTHING_KNOWN = Knowledge()
