"""Sidecars of the Arc en Ciel link."""

from __future__ import annotations

from core.importing.sidecars import arc_en_ciel
from tests.support.sidecars import stated


def test_arc_en_ciel() -> None:
    body = {
        "modelId": 7,
        "versionId": 8,
        "name": "Ink",
        "type": "LORA",
        "about": "short",
        "description": "<p>long</p>",
        "activation text": "ink wash || sumi-e",
        "sha256": "ab" * 32,
        "arcencielUrl": "https://arcenciel.io/models/7",
    }
    assert stated(arc_en_ciel.read, body) == {
        "title": "Ink",
        "description": "long",
        "trained_words": ["ink wash", "sumi-e"],
        "community_links": ["https://arcenciel.io/models/7"],
        "arcenciel": {"modelId": 7, "versionId": 8},
    }
