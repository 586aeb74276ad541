"""JSON objects of the command line; their keys are a stable interface."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from core.domain.generation import Generation
from core.domain.imports import ImportReport
from core.domain.knowledge import Knowledge
from core.domain.outcomes import Changed, Conflict, Failed, Outcome, Planned
from core.domain.plans import Plan
from core.domain.records import Model, QueueRow, RecordWithImages
from core.domain.relinks import RelinkReport
from core.domain.scans import ScanReport

if TYPE_CHECKING:
    from core.verify.findings import VerifyReport

Object = dict[str, Any]


def import_object(report: ImportReport) -> Object:
    """Return the result of ``import-legacy``; ``not_found`` is there only if model files were not found."""
    not_found = [{"beginning": one.beginning, "files": one.files} for one in report.not_found]
    return {
        "models": report.models,
        "pending": report.pending,
        "tags": report.tags,
        "images": report.images,
        "skipped": report.skipped,
        "problems": [{"row": one.row, "field": one.field, "reason": one.reason} for one in report.problems],
        **({"not_found": not_found} if not_found else {}),
    }


def scan_object(report: ScanReport) -> Object:
    """Return the result of ``scan``."""
    return {
        "files": report.files,
        "new": report.new,
        "updated": report.updated,
        "known": report.known,
        "moved": [{"sha256": one.sha256, "from": one.old, "to": one.new} for one in report.moved],
        "missing": report.missing,
        "offline": list(report.offline),
        "images": report.images,
        "problems": [{"path": one.path, "reason": one.reason} for one in report.problems],
        "cancelled": report.cancelled,
    }


def relink_object(report: RelinkReport) -> Object:
    """Return the result of ``relink``."""
    return {
        "relinked": [{**_key(one.pending_id, one.sha256), "from": one.old, "to": one.new} for one in report.relinked],
        "still_missing": [{**_key(one.pending_id, one.sha256), "path": one.path} for one in report.still_missing],
    }


def _key(pending_id: int | None, sha256: str | None) -> Object:
    return {"kind": "model", "sha256": sha256} if pending_id is None else {"kind": "pending", "id": pending_id}


def queue_object(row: QueueRow) -> Object:
    """Return one row of the queue; a damaged one has the key ``damaged``."""
    damaged = {"damaged": row.damage} if row.damage else {}
    return {
        "id": row.id,
        "name": row.name,
        "path": row.path,
        "type": row.type,
        "size_bytes": row.size_bytes,
        "sha256": row.sha256,
        "state": row.state,
        "decision": row.decision,
        "tags": sorted(row.tags),
        "images": list(row.images),
        **damaged,
    }


def record_object(entry: RecordWithImages) -> Object:
    """Return one record, as ``show`` prints it; ``image_data`` is there only if an image says what it was made with."""
    record = entry.record
    made = {one.image: generation_object(one.generation) for one in entry.generations}
    known_by = {"sha256": record.sha256} if isinstance(record, Model) else {"id": record.id}
    return {
        "kind": "model" if isinstance(record, Model) else "pending",
        **known_by,
        "path": record.path,
        "name": record.name,
        "type": record.type,
        "size_bytes": record.size_bytes,
        "created_at": record.created_at,
        "meta_json": record.meta_json,
        "tags": sorted(record.tags),
        "images": list(entry.images),
        **({"image_data": made} if made else {}),
        **({"aliases": list(entry.known.aliases)} if isinstance(record, Model) else {}),
        **_known_object(entry.known),
    }


def generation_object(generation: Generation) -> Object:
    """Return what an image was made with, without what its file does not say."""
    said = {field.name: getattr(generation, field.name) for field in fields(generation)}
    return {key: list(value) if key == "loras" else value for key, value in said.items() if value not in ("", None, ())}


def _known_object(known: Knowledge) -> Object:
    told = known.structure
    shown = None if told is None else {"base_model": told.base_model, "kind": told.kind, "reason": told.reason}
    return {
        "locations": list(known.locations),
        "sources": {
            field: [
                {
                    "source": one.statement.source,
                    "tier": one.statement.tier.name.lower(),
                    "file": one.file,
                    "value": one.statement.value,
                }
                for one in found
            ]
            for field, found in known.sources.items()
        },
        "claims": [
            {
                "kind": one.stated.claim.kind,
                "value": one.stated.claim.value,
                "source": one.stated.source,
                "holds": one.holds,
            }
            for one in known.claims
        ],
        "structure": shown,
        "hashes": {"sha256": known.sha256, "body_sha256": known.body_sha256, "blake3": known.blake3},
        "verdict": known.verdict,
    }


def outcome_object(outcome: Outcome) -> Object:
    """Return one result of ``promote``; some keys are present only where they apply."""
    result: Object = {
        "status": outcome.status,
        "id": outcome.id,
        "sha256": outcome.sha256,
        "action_taken": outcome.action_taken,
        "images": list(outcome.images),
        "refused": [{"image": one.image, "reason": one.reason} for one in outcome.refused],
        "in_place": outcome.in_place,
    }
    if outcome.claimed_sha256 is not None:
        result["claimed_sha256"] = outcome.claimed_sha256
    match outcome:
        case Failed(error=error):
            result["error"] = error
        case Conflict(existing=existing, pending=pending):
            if existing is not None:
                result["existing"] = record_object(existing)
            result["pending"] = record_object(pending)
        case Planned(plan=plan) | Changed(plan=plan):
            result["plan"] = plan_object(plan)
    return result


def plan_object(plan: Plan) -> Object:
    """Return a plan: its fields (leaves), tags and images."""
    return {
        "strategy": plan.strategy,
        "action_taken": plan.action_taken,
        **({"alias_of": plan.alias_of} if plan.alias_of else {}),
        "fields": [
            {
                "path": list(field.path),
                "existing": field.existing,
                "pending": field.pending,
                "result": field.result,
                "side": field.side,
            }
            for field in plan.fields
        ],
        "tags": _without_empty_picks(
            {"kept": list(plan.tags.kept), "added": list(plan.tags.added), "left_out": list(plan.tags.left_out)}
        ),
        "images": _without_empty_picks(
            {
                "kept": list(plan.images.kept),
                "replaced": list(plan.images.replaced),
                "added": list(plan.images.added),
                "duplicate": list(plan.images.duplicate),
                "refused": list(plan.images.refused),
                "left_out": list(plan.images.left_out),
            }
        ),
    }


def _without_empty_picks(part: Object) -> Object:
    return {key: value for key, value in part.items() if key != "left_out" or value}


def verify_object(report: VerifyReport) -> Object:
    """Return the result of ``--verify``."""
    return {
        "ok": report.ok,
        "checks": [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in report.checks],
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity,
                "key": finding.key,
                "path": finding.path,
                "detail": finding.detail,
            }
            for finding in report.findings
        ],
    }
