from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from projects.wording import Piece, as_html, pieces, shortened

texts = st.text(alphabet="ab .,\nÄя", max_size=40)


def joined(found: list[Piece], *kinds: str) -> str:
    return "".join(piece.text for piece in found if piece.kind in kinds)


@given(texts, texts)
def test_both_texts_can_be_read_from_the_pieces(old: str, new: str) -> None:
    found = pieces(old, new)
    assert joined(found, "same", "out") == old
    assert joined(found, "same", "in") == new


@given(texts)
def test_the_same_text_has_no_changes(text: str) -> None:
    assert pieces(text, text) == ([Piece("same", text)] if text else [])


def test_changed_words_stand_together() -> None:
    assert pieces("The tiles are red now.", "The tiles are dark green now.") == [
        Piece("same", "The tiles are "),
        Piece("out", "red"),
        Piece("in", "dark green"),
        Piece("same", " now."),
    ]


def test_neighbouring_changed_words_are_one_change() -> None:
    assert pieces("old roof", "new wall") == [Piece("out", "old roof"), Piece("in", "new wall")]


def test_long_texts_are_compared_line_by_line() -> None:
    body = "word " * 2000 + "\n"
    found = pieces("first\n" + body + "last", "other\n" + body + "last line")
    assert [(piece.kind, piece.text[:12]) for piece in found] == [
        ("out", "first\n"),
        ("in", "other\n"),
        ("same", "word word wo"),
        ("out", "last"),
        ("in", "last line"),
    ]


def test_a_small_change_in_a_long_text_stays_small() -> None:
    old = "word " * 5000 + "last"
    assert pieces(old, old + " one")[1:] == [Piece("in", " one")]


def test_very_long_texts_are_still_whole() -> None:
    old = "x\n" * 24_000
    found = pieces("a" + old + "b", "c" + old + "d")
    assert [piece.kind for piece in found] == ["out", "in"]


def test_what_stayed_the_same_is_cut_around_a_change() -> None:
    long = "".join(f"same{number} " for number in range(50))
    short = shortened(pieces(long + "red " + long, long + "blue " + long))
    assert [piece.kind for piece in short] == ["gap", "same", "out", "in", "same", "gap"]
    assert all(len(piece.text) <= 80 for piece in short)


def test_a_text_stays_a_text_on_the_page() -> None:
    assert as_html(pieces("a <b>", "a <i>")) == "a &lt;<del>b</del><ins>i</ins>&gt;"
