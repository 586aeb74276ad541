"""Verdicts: what sizes, hashes and claims say together, row by row."""

from __future__ import annotations

import pytest

from core.domain.statements import Claim, ClaimKind, Source, SourcedClaim
from core.domain.verdict import VERDICT_WORDS, Verdict
from core.planning.verdicts import FileFacts, verdict

SHA, BODY, OTHER = "a" * 64, "b" * 64, "c" * 64
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
FACTS = FileFacts(1000, 1000, sha256=SHA, body=BODY)
WITH_BLAKE3 = FileFacts(1000, 1000, sha256=SHA, body=BODY, blake3="d" * 64)


def by(source: Source, **claims: str) -> list[SourcedClaim]:
    return [SourcedClaim(Claim(ClaimKind(kind), value), source, "/m/x") for kind, value in claims.items()]


SIDECAR, HEADER = Source.CIVITAI_INFO, Source.HEADER


@pytest.mark.parametrize(
    ("facts", "claims", "expected"),
    [
        (FACTS, [], Verdict.UNPROVEN),
        (FACTS, by(SIDECAR, sha256=SHA), Verdict.INTACT),
        (FACTS, by(SIDECAR, autov2=SHA[:10]), Verdict.INTACT),
        (FACTS, by(SIDECAR, autov3=BODY[:12]), Verdict.INTACT),
        (FACTS, by(HEADER, body_sha256=BODY), Verdict.INTACT),
        (FACTS, by(HEADER, modelspec_sha256=BODY), Verdict.INTACT),
        (FACTS, by(HEADER, modelspec_sha256=OTHER), Verdict.UNPROVEN),
        (FACTS, by(SIDECAR, sha256=SHA, autov3=OTHER[:12]), Verdict.INTACT),
        (FACTS, by(SIDECAR, sha256=OTHER, autov3=BODY[:12]), Verdict.HEADER_REWRITTEN),
        (FACTS, [*by(SIDECAR, sha256=OTHER), *by(HEADER, body_sha256=BODY)], Verdict.HEADER_REWRITTEN),
        (FACTS, [*by(SIDECAR, sha256=OTHER, autov3=OTHER[:12]), *by(HEADER, body_sha256=BODY)], Verdict.OTHER_FILE),
        (FACTS, by(SIDECAR, sha256=OTHER, size="2000"), Verdict.OTHER_FILE),
        (FACTS, by(SIDECAR, sha256=OTHER), Verdict.OTHER_FILE),
        (FACTS, by(SIDECAR, sha256=OTHER, size="1000"), Verdict.DAMAGED),
        (FACTS, by(HEADER, body_sha256=OTHER), Verdict.DAMAGED),
        (FACTS, by(SIDECAR, size="5"), Verdict.UNPROVEN),
        (FACTS, by(SIDECAR, blake3=OTHER), Verdict.UNPROVEN),
        (WITH_BLAKE3, by(SIDECAR, blake3="d" * 64), Verdict.INTACT),
        (WITH_BLAKE3, by(SIDECAR, blake3=OTHER), Verdict.OTHER_FILE),
        (WITH_BLAKE3, by(SIDECAR, blake3=OTHER, size="1000"), Verdict.DAMAGED),
        (WITH_BLAKE3, by(SIDECAR, blake3=OTHER, autov3=BODY[:12]), Verdict.HEADER_REWRITTEN),
        (FACTS, by(HEADER, body_sha256=NOTHING), Verdict.UNPROVEN),
        (FACTS, by(SIDECAR, autov3=NOTHING[:12]), Verdict.UNPROVEN),
        (FileFacts(999, 1000), by(SIDECAR, sha256=SHA), Verdict.TRUNCATED),
        (FileFacts(1001, 1000), [], Verdict.PADDED),
        (FileFacts(1000, None, unreadable=True), by(SIDECAR, sha256=SHA), Verdict.UNREADABLE_HEADER),
        (FileFacts(1000, 1000), by(SIDECAR, sha256=SHA), None),
        (FileFacts(1000, None, sha256=SHA), by(SIDECAR, sha256=SHA), Verdict.INTACT),
        (FileFacts(1000, None, sha256=SHA), by(HEADER, body_sha256=BODY), Verdict.UNPROVEN),
    ],
)
def test_the_table(facts: FileFacts, claims: list[SourcedClaim], expected: Verdict | None) -> None:
    assert verdict(facts, claims) is expected


def test_each_has_words() -> None:
    assert VERDICT_WORDS.keys() == set(Verdict)
