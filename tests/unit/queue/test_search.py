"""The search in SQL finds the same rows as a check of every row."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import Library, Strategy
from core.domain.query import Field, Query, TextTerm, exactly, parse
from core.images.generation.reader import read_generation
from core.storage import generations, search
from tests.support.builders import add_pending, digest, model_file, png
from tests.support.generation import A1111, png_saying
from tests.support.odd_texts import ODD, TEXTS


def test_all_characters_that_fold_to_ascii_are_known() -> None:
    prefetch_keys = map(chr, range(128, sys.maxunicode + 1))
    found = [char for char in prefetch_keys if any(folded.isascii() for folded in char.casefold())]
    assert list(search._FOLDS_TO_ASCII) == found


@dataclass(frozen=True)
class Row:
    """One pending import, as the naive search sees it."""

    name: str = "n"
    path: str = "/p"
    type: str = "t"
    tags: tuple[str, ...] = ()
    meta: Any = None
    size: int = 7
    decision: Strategy | None = None

    def notes(self) -> Iterator[str]:
        yield from texts_of(self.meta)

    def folder(self) -> str:
        end = max(self.path.rfind("/"), self.path.rfind("\\"))
        head = self.path[: end + 1]
        return head.rstrip("/\\") or head

    def fits(self, query: Query) -> bool:
        """Whether it fits, by looking at everything."""
        values = {Field.NAME: [self.name], Field.PATH: [self.path], Field.TYPE: [self.type]}
        values |= {Field.FOLDER: [self.folder()]}
        values |= {Field.TAG: list(self.tags), Field.NOTE: list(self.notes())}
        values[Field.BASE] = values[Field.IMAGE] = []
        values[Field.ANYWHERE] = [text for texts in values.values() for text in texts]
        return (
            all(any(holds(t, v) for v in values[t.where]) != t.negated for t in query.texts)
            and all((self.size > 0 and t.low <= self.size <= t.high) != t.negated for t in query.sizes)
            and all((self.decision is t.strategy) != t.negated for t in query.decisions)
        )


def holds(term: TextTerm, value: str) -> bool:
    return value == term.text if term.whole else term.text in value.casefold()


def texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list)):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from texts_of(inner)


def fill(library: Library, rows: list[Row]) -> list[int]:
    with library.store.write() as db:
        db.execute("DELETE FROM pending_import")
    ids = []
    for row in rows:
        meta = row.meta if isinstance(row.meta, Mapping) else {"notes": row.meta}
        ids.append(
            add_pending(
                library, row.path, name=row.name, type_=row.type, size_bytes=row.size, meta=meta, tag_names=row.tags
            )
        )
        library.queue.decide(ids[-1:], row.decision)
    return ids


def found(library: Library, line: str) -> list[int]:
    with library.store.read() as db:
        return list(search.ids(db, parse(line)))


PATHS = TEXTS | TEXTS.map(lambda text: f"/m\udcff\udce9{text}")  # no UTF-8
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 99) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
ROWS = st.builds(
    Row, TEXTS, PATHS, TEXTS, st.sets(TEXTS, max_size=2).map(tuple), JSON,
    st.integers(0, 3), st.none() | st.sampled_from(Strategy),
)  # fmt: skip
KEYS = st.sampled_from(["", "-", "name:", "path:", "folder:", "type:", "tag:", "note:", "-note:", "-tag:", "-folder:"])
EXACT = st.builds(exactly, st.sampled_from(Field).filter(bool), TEXTS.filter(bool) | PATHS)
WORDS = st.tuples(KEYS, st.text(ODD.replace('"', ""), min_size=1, max_size=2)).map(lambda pair: f'{pair[0]}"{pair[1]}"')
OTHERS = st.sampled_from(["size:>1", "size:<2", "-size:1..2", "decision:none", "decision:merge", "-decision:merge"])
LINES = st.lists(WORDS | OTHERS | EXACT | EXACT.map("-{}".format), min_size=1, max_size=3).map(" ".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=1, max_size=4), lines=st.lists(LINES, min_size=1, max_size=8))
def test_the_store_finds_what_a_look_at_every_row_finds(library: Library, rows: list[Row], lines: list[str]) -> None:
    ids = fill(library, rows)
    for line in lines:
        assert found(library, line) == [i for i, row in zip(ids, rows, strict=True) if row.fits(parse(line))], line


PLACES = (
    Row(name="Ink wash"), Row(path="/m/ink/a"), Row(type="inky"), Row(tags=("x", "Ink")),
    Row(meta={"prompts": {"positive": ["a", {"b": "Wet INK"}]}}), Row(meta={"ink": 5, "b": "wash"}), Row(name="in k"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("", [0, 1, 2, 3, 4, 5, 6]),
        ("ink", [0, 1, 2, 3, 4]),
        ("-ink", [5, 6]),
        ("ink wash", [0]),
        ("wash", [0, 5]),
        ("name:ink", [0]),
        ("path:ink", [1]),
        ("type:ink", [2]),
        ("tag:ink", [3]),
        ("tag:=Ink", [3]),
        ("tag:=ink", []),
        ("folder:INK", [1]),
        ("folder:=/m/ink", [1]),
        ("folder:=/m", []),
        ("folder:=/M/ink", []),
        ("type:=ink", []),
        ('name:="Ink wash"', [0]),
        ('-name:="Ink wash" name:in', [6]),
        ('note:="Wet INK"', [4]),
        ("-tag:ink ink", [0, 1, 2, 4]),
        ("note:ink", [4]),
        ("positive", []),
        ('"wet ink"', [4]),
        ("n" * 60_000, []),
    ],
)
def test_where_a_word_is_looked_for(library: Library, line: str, numbers: list[int]) -> None:
    ids = fill(library, list(PLACES))
    assert found(library, line) == [ids[n] for n in numbers]


@pytest.mark.parametrize("line", ["%", "_", "\\", "100%", "a_b", "'; DROP TABLE models --"])
def test_nothing_in_a_word_is_special_to_sql(library: Library, line: str) -> None:
    rows = [Row(name="plain"), Row(name="100% a_b \\ c"), Row(meta={"d": '"100%" a_b \\'}), Row(name="1000 aXb")]
    ids = fill(library, rows)
    assert found(library, line) == [i for i, row in zip(ids, rows, strict=True) if row.fits(parse(line))]


# Case that folds oddly, what JSON escapes, what LIKE and C take for special, and a path that is no UTF-8.
SPECIAL = (
    "Straße", "\u212aelvin", "\u017fo", "\ufb01n", "\u0130n", "É", "ΣΑΣ", "Ж", "墨絵",
    'a"b', "a\\b", "a\nb", "a\tb", "a\x7fb", "a\x01b", "a\0b", "a%b", "a_b", "é\0b", "\udcff",
)  # fmt: skip


@pytest.mark.parametrize("text", SPECIAL)
def test_every_text_is_found_wherever_it_is(library: Library, text: str) -> None:
    rows = [Row(name=f"X{text}x"), Row(path=f"/m/{text}"), Row(type=text), Row(tags=(text,)), Row(meta=["y", text])]
    if text == "\udcff":
        rows = [Row(path=f"/m/{text}")]
    ids = fill(library, [*rows, Row(name="aXb", meta={text if text.isprintable() else "k": 1})])
    for line in (text, text.upper(), text.casefold(), text.lower()):
        asked = line if '"' in line else f'"{line}"'
        folds_alike = line.casefold() == text.casefold()
        assert found(library, asked) == (ids[:-1] if folds_alike else []), asked


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 5000 + "t", "99999999999999999999", "0." + "9" * 5000])
def test_a_size_beyond_all_measure_is_only_large(library: Library, number: str) -> None:
    for line in (f"size:>{number}", f"size:<{number}", f"size:{number}.."):
        with library.store.read() as db:
            assert list(search.ids(db, parse(line))) == []


def test_sizes_and_decisions(library: Library) -> None:
    rows = [Row(size=0), Row(size=500_000_000, decision=Strategy.MERGE), Row(size=2_000_000_001)]
    unknown, small, large = fill(library, rows)
    assert found(library, "size:>2g") == [large]
    assert found(library, "size:<1g") == [small], "an unknown size is not a small one"
    assert found(library, "-size:<1g") == [unknown, large]
    assert found(library, "size:500m..2g decision:m") == [small]
    assert found(library, "decision:none") == [unknown, large]
    assert found(library, "-decision:none") == [small]


def test_a_hundred_words_and_damaged_notes_are_no_trouble(library: Library) -> None:
    [pending_id] = fill(library, [Row(name="abc", meta={"d": "deep"})])
    assert found(library, "-x " * 50 + "a " * 50) == [pending_id]
    with library.store.write() as db:
        db.execute('UPDATE pending_import SET meta_json = \'{"d":"deep\'')
    assert found(library, "deep") == [] and found(library, "abc") == [pending_id]


def test_the_store_leaves_states_to_the_caller(library: Library, tmp_path: Path) -> None:
    ids = fill(library, [Row(path=str(tmp_path / "gone"), meta=json.loads('{"a": "b"}'))])
    assert found(library, "state:new") == found(library, "state:missing") == ids


def test_a_base_model_is_found_by_what_is_claimed_by_its_family_and_by_the_tensors(library: Library) -> None:
    ids = fill(
        library, [Row(path=f"/m/{n}", meta={"base_model": base}) for n, base in enumerate(["Pony", "SD 1.5", 7])]
    )
    with library.store.write() as db:
        db.execute(
            "INSERT INTO scanned_files (path, folder, stamp, content, beside, base_model, kind) "
            "VALUES ('/m/2', '/m', '', '', '', 'SDXL', 'LoRA')"
        )
    assert found(library, "base:pony") == ids[:1]
    assert found(library, "base:sdxl") == [ids[0], ids[2]]
    assert found(library, "-base:SDXL") == [ids[1]]
    assert found(library, "base:sd1") == found(library, 'base:"sd 1.5"') == [ids[1]]
    assert found(library, 'base:="SD 1.5"') == [ids[1]]
    assert found(library, 'base:="sd 1.5"') == []
    rows = library.queue.rows(ids)
    assert [(row.base_model, row.shown_base) for row in rows] == [("Pony", ""), ("SD 1.5", ""), ("", "SDXL")]


def test_what_images_were_made_with(library: Library, tmp_path: Path) -> None:
    pictures: tuple[list[bytes], ...] = (
        [png_saying({"parameters": A1111})],
        [png_saying({"parameters": "Ink\nSteps: 3"}, seed=2), png(3)],
        [],
    )
    for number, images in enumerate(pictures):
        add_pending(library, model_file(tmp_path, f"{number}.safetensors", b"%d" % number), images=images)
        for data in images:
            with library.store.write() as db:
                generations.put(db, digest(data), read_generation(data))
    first, second, third = list(library.queue.search())
    assert found(library, "image:harbour") == found(library, "image:KARRAS") == [first]
    assert found(library, "image:ink") == [first, second]
    assert found(library, "-image:ink") == [third]
    assert found(library, "image:=Ink") == [second]
    assert found(library, "harbour") == [], "plain words are about the model"
