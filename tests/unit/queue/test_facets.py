"""Facets: which values the listed imports have, and terms that find exactly as many as are counted."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.enums import Strategy
from core.domain.query import narrowed, parse
from core.domain.records import PendingImport
from core.errors import Cancelled
from core.library import Library
from core.queue.facets import MOST_VALUES, FacetKind
from tests.support.app import add_import, sample


def _counted(library: Library, kind: FacetKind, words: str = "") -> dict[str, int]:
    found = (facet for facet in library.queue.facets(words) if facet.kind is kind)
    return {value.text: value.count for facet in found for value in facet.values}


def test_each_term_finds_as_many_as_are_counted(tmp_path: Path) -> None:
    with sample(tmp_path) as library:
        library.queue.decide([6, 7], Strategy.MERGE)
        found = library.queue.facets()
        assert {facet.kind for facet in found} >= {FacetKind.STATE, FacetKind.TYPE, FacetKind.DECISION, FacetKind.TAG}
        for facet in found:
            for value in facet.values:
                assert len(library.queue.search(value.term)) == value.count > 0, value
        states = _counted(library, FacetKind.STATE)
        assert sum(states.values()) == len(library.queue.search())
        assert _counted(library, FacetKind.DECISION) == {"none": 17, "merge": 2}
        assert _counted(library, FacetKind.STATE, "decision:merge") == {"unhashed": 2}


def test_base_models_are_counted_by_family_and_found_by_it(library: Library) -> None:
    for name, base in (("a", "Pony"), ("b", "SDXL 1.0"), ("c", "Some Base"), ("d", "SDXL")):
        add_import(library, PendingImport(ord(name), f"/m/{name}", name, "lora", 1, 1, {"base_model": base}, (), ()))
    assert _counted(library, FacetKind.BASE) == {"SDXL": 3, "Some Base": 1}
    assert list(library.queue.search('base:="SDXL"')) == [ord("a"), ord("b"), ord("d")]
    assert list(library.queue.search('base:="Pony"')) == [ord("a")]


def test_the_most_frequent_tags_come_first_and_the_others_are_counted(library: Library) -> None:
    for n in range(1, 61):
        tags = ("all", f"tag {n:02}", 'a "b"\n') if n % 2 else ("all", f"tag {n:02}")
        add_import(library, PendingImport(n, f"/m/{n}", str(n), "lora", 1, 1, {}, tags, ()))
    [facet] = [facet for facet in library.queue.facets() if facet.kind is FacetKind.TAG]
    assert [(value.text, value.count) for value in facet.values[:3]] == [("all", 60), ('a "b"\n', 30), ("tag 01", 1)]
    assert len(facet.values) == MOST_VALUES and facet.left_out == 62 - MOST_VALUES
    assert facet.values[1].term == "", "nobody can type a line break"


def test_counting_ends_when_it_is_no_longer_wanted(tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with sample(tmp_path) as library, pytest.raises(Cancelled):
        library.queue.facets(cancel=cancel)


def test_an_empty_queue_has_none(library: Library) -> None:
    assert library.queue.facets() == ()


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("", "type:lora"),
        ("ink", "ink type:lora"),
        ('"ink wash', '"ink wash" type:lora'),
        ('"ink wash"', '"ink wash" type:lora'),
        ('a "', 'a "" type:lora'),
        ('5"x', '5"x type:lora'),
        ('tag:="a ""b', 'tag:="a ""b" type:lora'),
        ('tag:="a ""', 'tag:="a """ type:lora'),
    ],
)
def test_a_term_more(line: str, whole: str) -> None:
    assert narrowed(line, "type:lora") == whole


@given(st.text(st.sampled_from('a" :=-'), max_size=12))
def test_a_term_more_leaves_the_other_terms_alone(line: str) -> None:
    before, after = parse(line).texts, parse(narrowed(line, "tag:new")).texts
    assert after[: len(before)] == before
    assert [term.text for term in after[len(before) :]] == ["new"]
