"""Single values, HTML, encodings and file names."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from core.domain.statements import ClaimKind, Source
from core.importing.sidecars import texts, values
from core.importing.sidecars.builder import MAX_KEPT, Builder, decode, parse
from core.importing.sidecars.formats import formats_of
from core.importing.sidecars.html_text import to_text
from tests.support.sidecars import MODEL, by_field


@pytest.mark.parametrize(
    "value", ["", "  ", "Unknown", "unknown", "Other", "None", "N/A", "{}", "Model not found", None]
)
def test_nothing_in_all_its_spellings(value: Any) -> None:
    assert values.text(value) is None
    assert values.words(value) == values.words([value]) == []


def test_words_keep_what_stands_in_brackets() -> None:
    joined = "a, b;c||d\ne,  A , (f, g:1.2), <lora:x:1>, [h; i]"
    assert values.words(joined) == ["a", "b", "c", "d", "e", "(f, g:1.2)", "[h; i]"]
    assert values.words(["a, b", "c", 5, None, {}]) == ["a", "b", "c", "5"]
    assert values.words("a), b, c") == ["a)", "b", "c"]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2024-03-02T08:00:00.123Z", "2024-03-02T08:00:00Z"),
        ("2026-07-01T12:34:56.7890123+02:00", "2026-07-01T10:34:56Z"),
        ("2024-08-01", "2024-08-01T00:00:00Z"),
        (1722490000.5, "2024-08-01T05:26:40Z"),
        ("1722490000.5", "2024-08-01T05:26:40Z"),
        (1722490000500, "2024-08-01T05:26:40Z"),
        (0, None),
        ("yesterday", None),
        (10**18, None),
        (True, None),
    ],
)
def test_times(value: Any, found: str | None) -> None:
    assert values.moment(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [("0.8", 0.8), (1.0, 1), (0, None), ("0", None), ("", None), ("nan", None), ("1e999", None), ([], None)],
)
def test_numbers(value: Any, found: float | None) -> None:
    assert values.number(value) == found


@pytest.mark.parametrize(
    ("value", "length", "found"),
    [
        ("0x" + "AB" * 32, 64, "ab" * 32),
        ("ab" * 5, 10, "ab" * 5),
        (values.HASH_OF_NOTHING, 64, None),
        ("e3b0c44298fc", 12, None),
        ("0" * 64, 64, None),
        ("ab" * 5, 64, None),
        ("no hash", 64, None),
        (5, 64, None),
    ],
)
def test_hashes(value: Any, length: int, found: str | None) -> None:
    assert values.digest(value, length) == found


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain, not < 0.2 & more", "plain, not < 0.2 & more"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br />two<br>three", "one\ntwo\nthree"),
        ("<ul><li>a</li><li><p>b</p></li></ul>", "a\n\nb"),
        ("<p>a &amp; b&nbsp;&lt;c&gt;</p>", "a & b <c>"),
        ('<p>x</p><script>alert("</p>")</script><style>p{}</style><iframe src="y">z</iframe>', "x"),
        ('<img src="a.jpeg" onerror="x">only', "only"),
        ("<p>a   b\n c</p>", "a b c"),
        ("<b>never closed", "never closed"),
    ],
)
def test_html_becomes_text(source: str, text: str) -> None:
    assert to_text(source).text == text


def test_the_links_of_html_are_kept_where_they_are_links() -> None:
    html = '<a href="https://a.org/x">a</a><a href="javascript:alert(1)">b</a><a>c</a><a href="https://a.org/x">d</a>'
    assert to_text(html).links == ("https://a.org/x",)
    assert len(to_text('<a href="https://a.org/{}">x</a>' * 5000).links) == 1


@pytest.mark.parametrize("tag", ["<!--", "<a href='", "<![CDATA[", "</p ", "<p ", "<?", "<a b='c' "])
def test_the_parser_does_not_search_for_the_end_of_each_of_many_tags(tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each search goes to the end of the text: for a mebibyte of such tags they would take hours."""
    searches = []

    def counted(name: str) -> None:
        original = getattr(HTMLParser, name)

        def search(parser: HTMLParser, at: int, *more: Any) -> int:
            searches.append(at)
            return int(original(parser, at, *more))

        monkeypatch.setattr(HTMLParser, name, search)

    for name in ("parse_starttag", "parse_endtag", "parse_comment", "parse_html_declaration", "parse_pi"):
        counted(name)
    text = to_text("<p>before</p>" + tag * 10_000).text
    assert text.startswith("before\n")
    assert len(searches) < 30


def test_text_behind_tags_that_never_end_is_kept() -> None:
    assert to_text("<p>before</p>" + "<p " * 9 + "after").text == "before\n" + "<p " * 9 + "after"


def test_encodings() -> None:
    assert parse('\ufeff{"a": "é"}'.encode()) == {"a": "é"}
    assert parse('{"a": "é"}'.encode("utf-16")) == {"a": "é"}
    with pytest.raises(ValueError, match="not UTF-8"):
        parse('{"a": "é"}'.encode("cp1252"))
    with pytest.raises(ValueError, match="not UTF-16"):
        parse(b"\xff\xfe\x00")
    assert decode("é “x”".encode("cp1252"), "cp1252") == "é “x”"
    with pytest.raises(ValueError, match="nested more than 100 levels"):
        parse(b'{"a":' * 5000)


def test_what_nobody_maps_is_kept_up_to_a_size() -> None:
    out = Builder(Source.LORA_MANAGER)
    out.keep({"a": 1, "b": "", "c": None, "mapped": 2}, "mapped")
    assert by_field(out.done()) == {"lora-manager": {"a": 1}}
    out.keep({"long": "x" * MAX_KEPT})
    assert "long" in out.problems[0]


def test_texts() -> None:
    assert by_field(texts.read_description("Ñandú\r\nline".encode("cp1252"), MODEL)) == {"description": "Ñandú\nline"}
    assert by_field(texts.read_prompt(b" a pine \n", MODEL)) == {"prompts": [{"positive": "a pine", "negative": ""}]}
    (claim,) = texts.read_checksum(b"AB" * 32 + b"  ink.safetensors\n", MODEL).claims
    assert (claim.kind, claim.value) == (ClaimKind.SHA256, "ab" * 32)
    assert texts.read_checksum(b"", MODEL).claims == ()
    with pytest.raises(ValueError, match="NUL"):
        texts.read_description(b"\0\0", MODEL)


@pytest.mark.parametrize(
    ("file", "endings"),
    [
        ("ink.v2.civitai.info", [".civitai.info"]),
        ("INK.V2.Civitai.Info", [".civitai.info"]),
        ("ink.v2.json", [".json"]),
        ("ink.v2.safetensors.rgthree-info.json", [".rgthree-info.json"]),
        ("ink.v2.safetensors.civitai.json", [".civitai.json"]),
        ("ink.json", []),
        ("ink.v2.1.json", []),
        ("ink.v2.safetensors", []),
    ],
)
def test_which_files_lie_beside_a_model(file: str, endings: list[str]) -> None:
    assert [one.ending for one in formats_of(file, MODEL.name)] == endings
