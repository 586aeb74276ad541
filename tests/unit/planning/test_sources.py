"""Which of several statements counts: the table of precedence, row by row."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from core.domain.statements import Source, SourcedStatement, SourceTier, Statement
from core.planning.sources import PRECEDENCE, combine


def said(
    field: str, value: Any, source: Source = Source.LORA_MANAGER, tier: SourceTier = SourceTier.TOOL
) -> SourcedStatement:
    return SourcedStatement(Statement(field, value, source, tier), f"/models/x.{source}")


@pytest.mark.parametrize(("better", "worse"), [*itertools.pairwise(SourceTier)])
def test_the_better_tier_wins_whatever_the_source(better: SourceTier, worse: SourceTier) -> None:
    last, first = PRECEDENCE[-1], PRECEDENCE[0]
    record = combine([said("title", "worse", first, worse), said("title", "better", last, better)])
    assert record.meta_json == {"title": "better"}
    assert [one.statement.value for one in record.sources["title"]] == ["better", "worse"]


@pytest.mark.parametrize(("first", "second"), [*itertools.pairwise(PRECEDENCE)])
def test_of_one_tier_the_table_decides(first: Source, second: Source) -> None:
    assert combine([said("title", 2, second), said("title", 1, first)]).meta_json == {"title": 1}


def test_every_source_has_its_place() -> None:
    assert sorted(PRECEDENCE) == sorted(Source)


def test_lists_are_united_by_tier_and_source_whatever_their_case() -> None:
    record = combine(
        [
            said("trained_words", ["Ink", "wash"], Source.SWARMUI),
            said("trained_words", ["WASH", "sumi-e"], Source.A1111, SourceTier.USER),
            said("tags", ["b", "a"]),
            said("tags", ["A", "c"], Source.SDNEXT),
            said("prompts", [{"positive": "x", "negative": ""}]),
            said("prompts", [{"positive": "x", "negative": ""}, {"positive": "y", "negative": ""}], Source.SDNEXT),
        ]
    )
    assert record.tags == ("b", "a", "c")
    assert record.meta_json == {
        "trained_words": ["WASH", "sumi-e", "Ink"],
        "prompts": [{"positive": "x", "negative": ""}, {"positive": "y", "negative": ""}],
    }


def test_paths_are_nested_and_a_tools_own_keys_stay_under_its_name() -> None:
    record = combine(
        [
            said("usage.weight", 0.8),
            said("usage.clip_skip", 2, Source.HEADER, SourceTier.HEADER),
            said("civitai.info", {"extensions": {}}, Source.CIVITAI_INFO),
            said("lora-manager", {"exclude": True}),
        ]
    )
    assert record.meta_json == {
        "usage": {"weight": 0.8, "clip_skip": 2},
        "civitai.info": {"extensions": {}},
        "lora-manager": {"exclude": True},
    }


def test_nothing_stated_is_an_empty_record() -> None:
    record = combine([])
    assert (record.meta_json, record.tags, record.sources) == ({}, (), {})
