"""Search pending imports: preselect rows in SQL, then match the texts of the remaining rows exactly.

SQLite ignores letter case only for ASCII, so SQL only preselects: a pure ASCII row must contain the word according to
LIKE, any other row passes. The remaining rows are compared case-folded. Preselection makes 100,000 rows fast.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlite_utils import Database

from core.domain.query import Field, Query, TextTerm
from core.files.paths import folder_of
from core.planning.base_families import family_of, folded
from core.storage import stacks
from core.storage.codecs import is_text, numbers, path_or_empty
from core.storage.fetch import all_rows, batches
from core.storage.queue_rows import BASE_MODEL

_Row = tuple[int, str, "str | bytes", str, str]
_Fits = Callable[[_Row], bool]

_COLUMNS = {
    Field.NAME: "p.name",
    Field.PATH: "CAST(p.path AS TEXT)",
    Field.TYPE: "p.type",
    Field.NOTE: "p.meta_json",
}
_BY_ID = (Field.TAG, Field.BASE, Field.IMAGE)  # what is found in other tables first
_FOLDER = {Field.FOLDER: _COLUMNS[Field.PATH]}  # the folder is part of the path
_SAME_HASH = """p.path IN (SELECT path FROM file_hashes WHERE sha256 = (
    SELECT h.sha256 FROM pending_import q JOIN file_hashes h ON h.path = q.path WHERE q.id = ?))"""
_LONGEST = 200  # characters of a word passed to LIKE: SQLite limits patterns to 50,000 bytes

# All non-ASCII characters whose case-folded form contains ASCII.
_FOLDS_TO_ASCII = (
    "\u00df\u0130\u0149\u017f\u01f0\u1e96\u1e97\u1e98\u1e99\u1e9a\u1e9e\u212a\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06"
)


def ids(db: Database, query: Query) -> array[int]:
    """Return the ids, in order, of the pending imports that match a query, ignoring terms that need the model files."""
    tagged = {term: _tagged(db, term) for term in query.texts if term.where in (Field.ANYWHERE, Field.TAG)}
    tagged |= {term: _of_base(db, term) for term in query.texts if term.where is Field.BASE}
    tagged |= {term: _of_images(db, term) for term in query.texts if term.where is Field.IMAGE}
    parts: list[str] = []
    values: list[Any] = []
    for stack in query.stacks:
        parts.append(f"p.id {'NOT ' if stack.negated else ''}IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(sorted(stacks.members(db, stack.id))))
    for part, value in (*_rows_in_sql(query), *(_sieve(term, tagged.get(term, set())) for term in query.texts)):
        parts.append(part)
        values += value
    where = " AND ".join(parts) or "1"
    if not query.texts:
        return numbers(db, f"SELECT p.id FROM pending_import p WHERE {where} ORDER BY p.id", values)
    # Notes are long, so read them only if the query needs them.
    notes = "p.meta_json" if any(term.where in (Field.ANYWHERE, Field.NOTE) for term in query.texts) else "''"
    texts = [f"coalesce(CAST({column} AS TEXT), '')" for column in ("p.name", "p.type", notes)]
    name, type_, notes = texts
    select = f"SELECT p.id, {name}, p.path, {type_}, {notes} FROM pending_import p WHERE {where} ORDER BY p.id"
    tests = [_test(term, tagged.get(term, set())) for term in query.texts]
    found = (row for batch in batches(db, select, values) for row in batch)
    return array("q", (row[0] for row in found if all(fits(row) for fits in tests)))


def _tagged(db: Database, term: TextTerm) -> set[int]:
    """Return the ids of the pending imports with a tag that contains the term's text."""
    holds = _finder(term.text, whole=term.whole)
    tags = [i for i, name in all_rows(db, "SELECT id, name FROM tags") if is_text(name) and holds(name)]
    select = (
        "SELECT pending_id AS id FROM pending_import_tags "
        "WHERE tag_id IN (SELECT value FROM json_each(?)) AND typeof(pending_id) = 'integer'"
    )
    return set(numbers(db, select, [json.dumps(tags)]))


def _of_base(db: Database, term: TextTerm) -> set[int]:
    """Return the ids of the pending imports whose base model, or its family, contains the term's text."""
    wanted = folded(term.text)
    found: set[int] = set()
    select = (
        f"SELECT p.id, {BASE_MODEL}, f.base_model FROM pending_import p LEFT JOIN scanned_files f ON f.path = p.path"
    )
    for pending_id, *bases in all_rows(db, select):
        names = [name for name in bases if is_text(name)]
        if term.whole:
            fits = term.text in (*names, *map(family_of, names))
        else:
            fits = any(wanted in folded(one) for name in names for one in (name, family_of(name) or ""))
        if fits:
            found.add(pending_id)
    return found


def _of_images(db: Database, term: TextTerm) -> set[int]:
    """Return the ids of the pending imports with an image that was made with what contains the term's text."""
    holds, may_hold = _finder(term.text, whole=term.whole), _finder(_escaped(term.text.casefold()))
    select = "SELECT i.pending_id, g.said FROM pending_images i JOIN image_generations g ON g.sha256 = i.sha256"
    found = ((pending_id, said) for pending_id, said in all_rows(db, select) if is_text(said))
    return {pending_id for pending_id, said in found if may_hold(said) and any(map(holds, _notes(said)))}


def _rows_in_sql(query: Query) -> Iterator[tuple[str, list[Any]]]:
    for size in query.sizes:
        yield f"p.size_bytes {'NOT ' if size.negated else ''}BETWEEN ? AND ?", [size.low, size.high]
    for decided in query.decisions:
        yield f"p.decision IS {'NOT ' if decided.negated else ''}?", [decided.strategy]
    for same in query.same:
        if not same.negated:  # whether the other hashes are still valid depends on the files
            yield f"(p.id = ? OR {_SAME_HASH})", [same.id, same.id]


def _sieve(term: TextTerm, tagged: set[int]) -> tuple[str, list[Any]]:
    """Return an SQL condition that every row matching the term meets; other rows may meet it too.

    It also covers ``whole`` terms: a value that equals the text contains it, whatever the letter case.
    """
    if term.negated:
        return "1", []
    if term.where in _BY_ID:
        return "p.id IN (SELECT value FROM json_each(?))", [json.dumps(sorted(tagged))]
    wheres = list(_COLUMNS) if term.where is Field.ANYWHERE else [term.where]
    columns = _COLUMNS | _FOLDER
    text = term.text.casefold()
    parts, values = [], []
    if term.where is Field.ANYWHERE and tagged:
        parts.append("p.id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(sorted(tagged)))
    if text.isascii():  # an ASCII value cannot contain any other text
        for where in wheres:
            parts.append(f"{columns[where]} LIKE ? ESCAPE '\\'")
            values.append(_pattern(text, in_json=where is Field.NOTE))
    for where in wheres:
        column = columns[where]
        # SQLite counts characters up to a NUL, so texts that contain one also pass.
        parts.append(f"length({column}) <> length(CAST({column} AS BLOB))")
    if Field.PATH in wheres or Field.FOLDER in wheres:
        parts.append("typeof(p.path) = 'blob'")  # not UTF-8
    return f"({' OR '.join(parts)})", values


def _pattern(text: str, *, in_json: bool) -> str:
    part = text[:_LONGEST]
    part = _escaped(part) if in_json else part.partition("\0")[0]
    for special in "\\%_":
        part = part.replace(special, "\\" + special)
    return f"%{part}%"


def _test(term: TextTerm, tagged: set[int]) -> _Fits:
    holds, may_hold = _finder(term.text, whole=term.whole), _finder(_escaped(term.text.casefold()))
    parts: dict[Field, _Fits] = {
        Field.TAG: lambda row: row[0] in tagged,
        Field.BASE: lambda row: row[0] in tagged,
        Field.IMAGE: lambda row: row[0] in tagged,
        Field.NAME: lambda row: holds(row[1]),
        Field.TYPE: lambda row: holds(row[3]),
        Field.PATH: lambda row: holds(path_or_empty(row[2])),
        Field.FOLDER: lambda row: holds(folder_of(path_or_empty(row[2]))),
        # Most rows do not contain the word at all, keys included, and parsing JSON is slow.
        Field.NOTE: lambda row: may_hold(row[4]) and any(map(holds, _notes(row[4]))),
    }
    # A folder is part of the path, and what is claimed is part of the notes.
    anywhere = [part for where, part in parts.items() if where not in (Field.FOLDER, Field.BASE, Field.IMAGE)]
    fits = parts[term.where] if term.where is not Field.ANYWHERE else _any(tuple(anywhere))
    return (lambda row: not fits(row)) if term.negated else fits


def _any(tests: tuple[_Fits, ...]) -> _Fits:
    return lambda row: any(fits(row) for fits in tests)


def _finder(text: str, *, whole: bool = False) -> Callable[[str], bool]:
    """Return a test for values that contain the case-folded ``text`` when case-folded themselves.

    With ``whole``, the value must equal the text exactly.
    """
    if whole:
        return lambda value: value == text
    if not text.isascii():
        return lambda value: text in value.casefold()
    raw = text.encode()
    risky = tuple(char for char in _FOLDS_TO_ASCII if set(char.casefold()) & set(text))

    def finds(value: str) -> bool:
        # Case-folding long non-ASCII text takes ten times as long as searching for the few risky characters.
        if value.isascii() or any(char in value for char in risky):
            return text in value.casefold()
        return raw in value.encode(errors="surrogatepass").lower()

    return finds


def _escaped(text: str) -> str:
    """Return a text as it appears between the quotes in stored JSON."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _notes(meta_json: str) -> Iterator[str]:
    """Yield every text value of meta_json; nothing if it is damaged."""
    try:
        todo: list[Any] = [json.loads(meta_json)]
    except (ValueError, RecursionError):
        return
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            todo += value.values()
        elif isinstance(value, list):
            todo += value
