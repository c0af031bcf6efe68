"""Lists as operators write them, and what is said of their mistakes."""

from __future__ import annotations

import pytest

from leeward.errors import InputError
from leeward.signals import Lexicon, Term, read_terms

_CSV = """term,class,severity,language,boundary,hashtags,cased,marked,disguised,note
reef,boats,high,en,start,only,true,no,0,"seen, twice"
rowan bed,gardens,,,,,,,,
"""
_JSONL = """
{"term": "reef", "class": "boats", "severity": "high", "language": "en", "boundary": "start", \
"hashtags": "only", "cased": true, "marked": false, "disguised": false, "note": "seen, twice"}

{"term": "rowan bed", "class": "gardens"}
"""
_TOML = """
[[term]]
term = "reef"
class = "boats"
severity = "high"
language = "en"
boundary = "start"
hashtags = "only"
cased = true
disguised = false
note = "seen, twice"

[[term]]
term = "rowan bed"
class = "gardens"
"""
_EXPECTED = [
    Term(
        term="reef",
        of="boats",
        severity="high",
        language="en",
        boundary="start",
        hashtags="only",
        cased=True,
        disguised=False,
        note="seen, twice",
    ),
    Term(term="rowan bed", of="gardens"),
]


@pytest.mark.parametrize(("form", "text"), [("csv", _CSV), ("jsonl", _JSONL), ("toml", _TOML)])
def test_a_list_reads_the_same_in_each_form(form: str, text: str) -> None:
    assert read_terms(text, form) == _EXPECTED  # type: ignore[arg-type]
    assert read_terms("\ufeff" + text, form) == _EXPECTED  # type: ignore[arg-type]
    assert len(Lexicon.build(text, form)) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("form", "text", "message", "where"),
    [
        ("csv", "term,class\nquillwort,Boats", "does not fit", "coast: line 2, class"),
        ("csv", "term,class\nquillwort,", "needs a class", "coast: line 2, class"),
        ("csv", "term,class\n,boats", "needs a term", "coast: line 2, term"),
        ("csv", "term,class,quillwort\nx,boats,1", "no entry has", "coast: line 2"),
        ("csv", "term,class\nquillwort,boats,1", "another number", "coast: line 2"),
        ("csv", 'term,class\n"quillwort"x,boats', "not CSV", "coast: line 2"),
        ("csv", "term,class,cased\nquillwort,boats,perhaps", "does not fit", "line 2, cased"),
        ("jsonl", '{"term": "a", "class": "b"}\n{"term": "quillwort"', "not JSON", "line 2"),
        ("jsonl", '["quillwort"]', "named fields", "coast: line 1"),
        ("jsonl", '{"term": 7, "class": "quillwort"}', "does not fit", "line 1, term"),
        ("jsonl", '{"term": "quillwort", "class": "b", "severity": "x"}', "fit", "severity"),
        ("toml", "[[term]]\nterm = quillwort", "not TOML", "line 2"),
        ("toml", 'quillwort = "x"', "[[term]]", "coast"),
        ("toml", '[[term]]\nterm = "quillwort"\nclass = "b"\nnote = 1', "fit", "number 1, note"),
    ],
)
def test_a_mistake_is_named_by_line_and_field_and_never_repeated(
    form: str, text: str, message: str, where: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_terms(text, form, "coast")  # type: ignore[arg-type]

    assert message in caught.value.message
    assert where in str(caught.value.where)
    assert "quillwort" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_list_is_not_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leeward.signals._read.MAX_TERMS", 2)
    with pytest.raises(InputError, match="at most 2 terms"):
        read_terms("term,class\na,b\nc,d\ne,f\n", "csv")
