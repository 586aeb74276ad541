"""HTML, as sites write descriptions in it, made into plain text. Nothing of it is ever drawn as HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

_BLOCKS = frozenset(("address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5"))
_BLOCKS |= frozenset(("h6", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul"))
_DROPPED = frozenset(("script", "style", "iframe", "template", "noscript", "object", "svg"))
_TAG = re.compile(r"<[/!a-zA-Z][^>]*>|&(?:#\d|#x|[a-zA-Z])")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\n{3,}")
_MAX_LINKS = 100
_MAX_UNFINISHED = 5


@dataclass(frozen=True, slots=True)
class PlainText:
    """The text of a piece of HTML, and where its links lead (http and https only)."""

    text: str
    links: tuple[str, ...] = ()


def to_text(source: str) -> PlainText:
    """Return the text of HTML; text without tags and entities stays as it is."""
    if not _TAG.search(source):
        return PlainText(source.replace("\r\n", "\n"))
    parser = _Parser()
    try:
        parser.feed(source)
        parser.close()
    except _Unfinished as rest:
        parser.parts.append(str(rest))
    lines = (_SPACES.sub(" ", line).strip() for line in "".join(parser.parts).split("\n"))
    return PlainText(_LINES.sub("\n\n", "\n".join(lines)).strip(), tuple(dict.fromkeys(parser.links)))


class _Unfinished(Exception):
    """Too many tags never end; the text is what follows, which is kept as it is."""


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._unfinished = 0
        self.parts: list[str] = []
        self.links: list[str] = []
        self._dropped = 0  # how many elements are open whose content is not text

    # For each tag without an end the parser searches all that follows, which takes hours for a mebibyte of them.
    def parse_starttag(self, i: int) -> int:
        return self._counted(i, super().parse_starttag(i))

    def parse_endtag(self, i: int) -> int:
        return self._counted(i, super().parse_endtag(i))

    def parse_html_declaration(self, i: int) -> int:
        return self._counted(i, super().parse_html_declaration(i))

    def parse_pi(self, i: int) -> int:
        return self._counted(i, super().parse_pi(i))

    def parse_comment(self, i: int, report: bool = True) -> int:
        return self._counted(i, super().parse_comment(i, report))

    def _counted(self, begin: int, end: int) -> int:
        if end < 0:
            self._unfinished += 1
            if self._unfinished > _MAX_UNFINISHED:
                raise _Unfinished(self.rawdata[begin:])
        return end

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED:
            self._dropped += 1
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag == "a" and len(self.links) < _MAX_LINKS:
            href = next((value for name, value in attrs if name == "href" and value), "")
            if href.startswith(("http://", "https://")):
                self.links.append(href)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _DROPPED:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED:
            self._dropped = max(0, self._dropped - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self.parts.append(data.replace("\r", "").replace("\n", " ") if self.parts else data.lstrip())
