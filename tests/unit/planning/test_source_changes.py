"""What has changed in what files say, and a record with just those changes."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.statements import Source, SourcedStatement, SourceTier, Statement
from core.planning.source_changes import SourceChange, changes_between, with_changes
from core.planning.sources import StatedRecord, combine


def said(source: Source = Source.CIVITAI_INFO, **values: Any) -> StatedRecord:
    tier = SourceTier.NAME if source is Source.FILE_NAME else SourceTier.TOOL
    names = {name.replace("__", "."): value for name, value in values.items()}
    return combine(SourcedStatement(Statement(n, v, source, tier), "/m/x.info") for n, v in names.items())


def test_only_what_differs_is_a_change() -> None:
    before = said(title="Ink", usage__weight=0.8, tags=["a"], notes="old")
    after = said(title="Ink", usage__weight=0.7, tags=["a", "b"], author="me")
    assert changes_between(before, after) == (
        SourceChange("usage.weight", 0.8, 0.7),
        SourceChange("tags", ["a"], ["a", "b"]),
        SourceChange("author", None, "me"),
        SourceChange("notes", "old", None),
    )
    assert changes_between(after, after) == ()


def test_true_is_not_one() -> None:
    assert changes_between(said(favorite=True), said(favorite=1)) == (SourceChange("favorite", True, 1),)


def test_the_name_of_a_file_alone_is_no_news_where_it_does_not_count() -> None:
    before, after = said(Source.FILE_NAME, title="a"), said(Source.FILE_NAME, title="b")
    change = SourceChange("title", "a", "b")
    assert changes_between(before, after, names_count=False) == ()
    assert changes_between(before, after) == changes_between(before, said(title="b"), names_count=False) == (change,)


@pytest.mark.parametrize(
    ("there", "change", "then"),
    [
        ({"title": "mine"}, SourceChange("title", "a", "b"), {"title": "b"}),
        ({"title": "a", "x": 1}, SourceChange("title", "a", None), {"x": 1}),
        ({"title": "mine"}, SourceChange("title", "a", None), {"title": "mine"}),
        ({}, SourceChange("title", "a", None), {}),
        ({"usage": {"weight": 0.8}}, SourceChange("usage.weight", 0.8, None), {}),
        (
            {"usage": {"weight": 0.8, "steps": 20}},
            SourceChange("usage.weight", 0.8, None),
            {"usage": {"steps": 20}},
        ),
        ({"usage": "by hand"}, SourceChange("usage.weight", None, 0.5), {"usage": {"weight": 0.5}}),
        ({"usage": "by hand"}, SourceChange("usage.weight", 0.5, None), {"usage": "by hand"}),
        (
            {"trained_words": ["mine", "a", "b"]},
            SourceChange("trained_words", ["a", "b"], ["b", "c"]),
            {"trained_words": ["mine", "b", "c"]},
        ),
        ({"trained_words": ["a"]}, SourceChange("trained_words", ["a"], None), {}),
        ({"civitai.info": {"k": 1}}, SourceChange("civitai.info", {"k": 1}, {"k": 2}), {"civitai.info": {"k": 2}}),
    ],
)
def test_a_record_gets_the_change_and_keeps_everything_else(
    there: dict[str, Any], change: SourceChange, then: dict[str, Any]
) -> None:
    copy = dict(there)
    assert with_changes(there, ("t",), [change]) == (then, ("t",))
    assert there == copy


def test_tags_lose_only_what_the_sources_had_given() -> None:
    assert with_changes({}, ("mine", "a"), [SourceChange("tags", ["a", "x"], ["b"])]) == ({}, ("mine", "b"))
