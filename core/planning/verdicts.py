"""Is this file what it says? A pure function of its sizes, its hashes and what is claimed about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.statements import ClaimKind, Source, SourcedClaim
from core.domain.verdict import Verdict

_WHOLE = (ClaimKind.SHA256, ClaimKind.AUTOV2, ClaimKind.BLAKE3)
_BODY = (ClaimKind.AUTOV3, ClaimKind.BODY_SHA256, ClaimKind.MODELSPEC)
_NOTHING = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of no bytes: claimed of anything
)
_OFF = 1  # bytes by which a size that was computed from kilobytes may be off


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a file: its size, the size that its header asks for, and its hashes; None where unknown."""

    size: int | None
    whole: int | None = None
    unreadable: bool = False
    sha256: str | None = None
    body: str | None = None
    blake3: str | None = None


def verdict(facts: FileFacts, claims: Sequence[SourcedClaim]) -> Verdict | None:
    """Return the verdict on a file, None where its hashes must be known first."""
    if facts.unreadable:
        return Verdict.UNREADABLE_HEADER
    if facts.whole is not None and facts.size is not None and facts.size != facts.whole:
        return Verdict.TRUNCATED if facts.size < facts.whole else Verdict.PADDED
    about_bytes = [one for one in claims if one.claim.kind in (*_WHOLE, *_BODY) and one.claim.value not in _NOTHING]
    if not about_bytes:
        return Verdict.UNPROVEN
    if facts.sha256 is None:
        return None
    return _by_hashes(facts, about_bytes, claims)


def _by_hashes(facts: FileFacts, about_bytes: Sequence[SourcedClaim], claims: Sequence[SourcedClaim]) -> Verdict:
    whole = _answers(about_bytes, facts, _WHOLE, own=False)
    body, own = _answers(about_bytes, facts, _BODY, own=False), _answers(about_bytes, facts, _BODY, own=True)
    if True in whole:
        return Verdict.INTACT
    if True in body or (True in own and not body):
        return Verdict.HEADER_REWRITTEN if whole else Verdict.INTACT
    if True in own:  # what its own header says holds, what a sidecar says of its body does not
        return Verdict.OTHER_FILE
    if own:
        return Verdict.DAMAGED
    if not whole and not body:
        return Verdict.UNPROVEN
    sizes = [one for one in claims if one.claim.kind is ClaimKind.SIZE]
    return Verdict.DAMAGED if any(claim_holds(one, facts) for one in sizes) else Verdict.OTHER_FILE


def _answers(claims: Sequence[SourcedClaim], facts: FileFacts, kinds: Sequence[ClaimKind], *, own: bool) -> list[bool]:
    """Return whether each claim of these kinds holds, of the ``own`` header or of others, where known."""
    wanted = [one for one in claims if one.claim.kind in kinds and (one.source is Source.HEADER) == own]
    return [holds for one in wanted if (holds := claim_holds(one, facts)) is not None]


def claim_holds(stated: SourcedClaim, facts: FileFacts) -> bool | None:
    """Return whether a claim is true, None where that is not known."""
    claim = stated.claim
    match claim.kind:
        case ClaimKind.SHA256 | ClaimKind.AUTOV2:
            return None if facts.sha256 is None else facts.sha256.startswith(claim.value)
        case ClaimKind.AUTOV3 | ClaimKind.BODY_SHA256:
            return None if facts.body is None else facts.body.startswith(claim.value)
        case ClaimKind.MODELSPEC:
            return True if facts.body == claim.value else None
        case ClaimKind.BLAKE3:
            return None if facts.blake3 is None else facts.blake3 == claim.value
        case ClaimKind.SIZE:
            return None if facts.size is None else abs(facts.size - int(claim.value)) <= _OFF
