"""The search grammar: how a line is parsed, and which error an invalid one raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import Strategy
from core.domain.enums import State
from core.domain.query import (
    LARGEST,
    DecisionTerm,
    Field,
    Query,
    QueryError,
    SameFileTerm,
    SizeRange,
    StateTerm,
    TextTerm,
    exactly,
    parse,
)
from core.text import sanitize
from tests.support.odd_texts import TEXTS

ANY_LINE = st.text() | st.text(st.sampled_from('-:".<>=0129gkab \\') | st.characters(), max_size=30)


def anywhere(text: str, negated: bool = False) -> Query:
    return Query(texts=(TextTerm(Field.ANYWHERE, text, negated),))


@pytest.mark.parametrize(
    ("line", "query"),
    [
        ("", Query()),
        (" \t\u3000 ", Query()),
        ("Ink", anywhere("ink")),
        ("STRASSE", anywhere("strasse")),
        ("Straße", anywhere("strasse")),
        ("ink  wash", Query(texts=(TextTerm(Field.ANYWHERE, "ink"), TextTerm(Field.ANYWHERE, "wash")))),
        ('"Ink  wash"', anywhere("ink  wash")),
        ('"ink wa', anywhere("ink wa")),
        ('"type:lora"', anywhere("type:lora")),
        ('"-ink"', anywhere("-ink")),
        ('5"disk', anywhere('5"disk')),
        ('""', Query()),
        ("-ink", anywhere("ink", True)),
        ('-"ink wash"', anywhere("ink wash", True)),
        ("--ink", anywhere("-ink", True)),
        ("-", anywhere("-")),
        ("ink-wash", anywhere("ink-wash")),
        ("type:LoRA", Query(texts=(TextTerm(Field.TYPE, "lora"),))),
        ("TAG:nsfw", Query(texts=(TextTerm(Field.TAG, "nsfw"),))),
        ("-tag:nsfw", Query(texts=(TextTerm(Field.TAG, "nsfw", True),))),
        ('note:"two words"', Query(texts=(TextTerm(Field.NOTE, "two words"),))),
        ("name:a:b path:/m", Query(texts=(TextTerm(Field.NAME, "a:b"), TextTerm(Field.PATH, "/m")))),
        ("tag: state: size: decision: name:", Query()),
        ("type:=LoRA", Query(texts=(TextTerm(Field.TYPE, "LoRA", whole=True),))),
        ('-tag:="Ink wash"', Query(texts=(TextTerm(Field.TAG, "Ink wash", True, whole=True),))),
        ("folder:/M/Lora", Query(texts=(TextTerm(Field.FOLDER, "/m/lora"),))),
        ('name:="a ""b"""', Query(texts=(TextTerm(Field.NAME, 'a "b"', whole=True),))),
        ('"a ""b"', anywhere('a "b')),
        ('type:= tag:=""', Query()),
        ("=x", anywhere("=x")),
        ("x:=y", anywhere("x:=y")),
        (
            "state:=new decision:=merge",
            Query(decisions=(DecisionTerm(Strategy.MERGE),), states=(StateTerm(State.NEW),)),
        ),
        ("C:\\models", anywhere("c:\\models")),
        ("tags:x", anywhere("tags:x")),
        ('vase:"SD XL"', anywhere("vase:sd xl")),
        ("state:conflict", Query(states=(StateTerm(State.CONFLICT),))),
        ("-state:C", Query(states=(StateTerm(State.CONFLICT, True),))),
        ("state:new", Query(states=(StateTerm(State.NEW),))),
        ("decision:merge", Query(decisions=(DecisionTerm(Strategy.MERGE),))),
        ("-decision:none", Query(decisions=(DecisionTerm(None, True),))),
        ("size:>2g", Query(sizes=(SizeRange(2_000_000_001, LARGEST),))),
        ("size:>=2G", Query(sizes=(SizeRange(2_000_000_000, LARGEST),))),
        ("size:<500m", Query(sizes=(SizeRange(1, 499_999_999),))),
        ("-size:<=.5kB", Query(sizes=(SizeRange(1, 500, True),))),
        ("size:1g..2g", Query(sizes=(SizeRange(1_000_000_000, 2_000_000_000),))),
        ("size:1.1g..", Query(sizes=(SizeRange(1_100_000_000, LARGEST),))),
        ("same:12", Query(same=(SameFileTerm(12),))),
        ("-SAME:7 same:", Query(same=(SameFileTerm(7, True),))),
        ("size:..7", Query(sizes=(SizeRange(1, 7),))),
    ],
)
def test_a_line_and_its_query(line: str, query: Query) -> None:
    assert parse(line) == query


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("state:gone", "state: takes missing, conflict, same-weights, duplicate, new or unhashed, not gone"),
        ("decision:x\x1b[31m", "decision: takes override, merge, delete, skip or none, not x␛[31m"),
        ("size:2g", "size: takes > or < and a size, or a range, as in >2g, <500m or 1g..2g, not 2g"),
        ("size:>", "not >"),
        ("size:=2g", "not =2g"),
        ("size:>2x", "not >2x"),
        ("size:..", "not .."),
        ("size:1g..2g..3g", "not 1g..2g..3g"),
        ("size:>٣", "not >٣"),
        ("size:>-1", "not >-1"),
        ("same:a", "same: takes the id of a pending import, as in same:12, not a"),
        ("same:-1", "not -1"),
        ("same:٣", "not ٣"),
        ("same:" + "9" * 19, "not 9"),
        ("a " * 101, "at most 100 words"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(line: str, told: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(line)
    assert told in str(caught.value) and str(caught.value).isprintable()


@given(ANY_LINE)
def test_any_text_is_a_query_or_a_query_error(line: str) -> None:
    try:
        query = parse(line)
    except QueryError as error:
        assert sanitize(str(error), 500) == str(error), "it can be shown as it is"
    else:
        assert all(term.text for term in query.texts)


@given(st.lists(TEXTS.filter(lambda text: '"' not in text), max_size=4))
def test_any_text_without_quotes_can_be_asked_for_in_quotes(texts: list[str]) -> None:
    wanted = tuple(TextTerm(Field.ANYWHERE, text.casefold()) for text in texts if text)
    assert parse(" ".join(f'"{text}"' for text in texts)).texts == wanted


@given(st.sampled_from(Field).filter(bool), st.text(min_size=1) | TEXTS.filter(bool))
def test_any_value_can_be_asked_for_exactly(where: Field, value: str) -> None:
    assert parse(f"ink {exactly(where, value)} -x").texts[1] == TextTerm(where, value, whole=True)


def test_states_are_told_apart_by_the_query() -> None:
    assert all(Query().admits(state) for state in State)
    assert [state for state in State if parse("state:new").admits(state)] == [State.NEW]
    left = [State.SAME_WEIGHTS, State.DUPLICATE, State.UNHASHED]
    for words in ("state:same-weights", 'state:"same weights"', "state:sa"):
        assert [state for state in State if parse(words).admits(state)] == [State.SAME_WEIGHTS]
    assert [s for s in State if parse("-state:new -state:missing -state:conflict").admits(s)] == left
    assert not any(parse("state:new state:missing").admits(state) for state in State)
