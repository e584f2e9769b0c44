"""Uploads are known by their content and handed out so that nothing in them can run."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from csp.middleware import CSPMiddleware
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import FileField
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponse
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pytest_django.fixtures import Settings

from cxportal.lib.downloads import file_response
from cxportal.lib.uploads import MAX_NAME_BYTES, check_upload, content_type_of, safe_name


def picture(kind: str, size: tuple[int, int] = (20, 10), **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, "red").save(stream, kind, **options)
    return stream.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A small file that says it is a picture of that size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def a_zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "x")
    return stream.getvalue()


PICTURES = {
    "image/png": picture("PNG"),
    "image/jpeg": picture("JPEG"),
    "image/gif": picture("GIF"),
    "image/webp": picture("WEBP"),
}
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
NOT_SHOWN = {
    "page.html": HTML,
    "page.png": HTML,
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "drawing.png": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "script.js": b"alert(1)",
    "paper.pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "archive.zip": a_zip(),
    "notes.txt": b"hello",
    "gif-and-script.gif": b"GIF89a/*",
    "half.png": PICTURES["image/png"][:40],
    "half.webp": PICTURES["image/webp"][:20],
    "bitmap.bmp": picture("BMP"),
    "bomb.png": png_of(60_000, 60_000),
    "too-large.png": png_of(9_000, 9_000),
    "too-wide.png": png_of(30_000, 10),
}


# --- Types --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_is_known_by_its_content_whatever_its_name(kind: str) -> None:
    for name in ("picture.png", "page.html", "noname"):
        checked = check_upload(SimpleUploadedFile(name, PICTURES[kind], content_type="text/html"))
        assert checked.content_type == kind


@pytest.mark.parametrize("name", NOT_SHOWN)
def test_what_is_no_sound_picture_is_never_called_one(name: str) -> None:
    checked = check_upload(SimpleUploadedFile(name, NOT_SHOWN[name], content_type="image/png"))
    assert checked.content_type not in PICTURES
    assert not checked.content_type.startswith("text/")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("paper.pdf", NOT_SHOWN["paper.pdf"], "application/pdf"),
        ("a.docx", a_zip(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.xlsx", a_zip(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.zip", a_zip(), "application/zip"),
        ("a.txt", b"hello", "application/octet-stream"),
        ("a.png", b"\x89PNG\r\n\x1a\nrubbish", "application/octet-stream"),
    ],
)
def test_other_types_are_told_where_they_are_known(name: str, content: bytes, kind: str) -> None:
    assert content_type_of(ContentFile(content), name) == kind


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff", b"RIFF    WEBP"]),
)
def test_any_bytes_have_some_type(rest: bytes, beginning: bytes) -> None:
    assert "/" in content_type_of(ContentFile(beginning + rest), "x.png")


def test_a_picture_bomb_is_never_unpacked() -> None:
    tracemalloc.start()
    content_type_of(ContentFile(png_of(60_000, 60_000)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_the_file_can_be_kept_after_it_was_looked_at() -> None:
    upload = SimpleUploadedFile("a.png", PICTURES["image/png"])
    check_upload(upload)
    assert upload.read() == PICTURES["image/png"]


# --- Sizes --------------------------------------------------------------------------------------


def test_too_large_is_refused_with_the_limit(settings: Settings) -> None:
    settings.ATTACHMENT_MAX_BYTES = 2 * 1024 * 1024
    check_upload(SimpleUploadedFile("a.bin", b"x" * 2 * 1024 * 1024))
    with pytest.raises(ValidationError) as refused:
        check_upload(SimpleUploadedFile("a.bin", b"x" * (2 * 1024 * 1024 + 1)))
    assert refused.value.code == "too_large"
    assert "“a.bin”" in refused.value.messages[0]
    assert "2.0" in refused.value.messages[0]


def test_empty_is_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        check_upload(SimpleUploadedFile("a.bin", b""))
    assert refused.value.code == "empty"


# --- Names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Küche, Plan 3.pdf", "Küche, Plan 3.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\olga\\plan.pdf", "plan.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\r\nContent-Type: text/html.txt", "html.txt"),
        ("a\x00b.txt", "a\ufffdb.txt"),
        ("a\ud800b.txt", "a\ufffdb.txt"),
        ("<img src=x onerror=alert(1)>.png", "_img src=x onerror=alert(1)_.png"),
        (".htaccess", "htaccess"),
        ("name. . .", "name"),
        ("con.txt", "_con.txt"),
        ("..", "file"),
        ("/", "file"),
        ("", "file"),
        ("a" * 300 + ".pdf", "a" * 196 + ".pdf"),
        ("план" * 100 + ".pdf", "план" * 24 + "пл" + ".pdf"),
        ("a." + "b" * 300, "a." + "b" * 198),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(alphabet=st.characters(), max_size=300))
def test_every_name_is_one_line_without_a_folder(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= MAX_NAME_BYTES
    assert len(safe.splitlines()) == 1
    assert not set(safe) & set('/\\\0<>:"|?*')
    assert safe not in {".", ".."}


# --- Handing out --------------------------------------------------------------------------------


def stored(folder: Path, content: bytes) -> FieldFile:
    field = FileField(storage=FileSystemStorage(folder))
    return FieldFile(None, field, field.storage.save("kept", ContentFile(content)))  # type: ignore[arg-type]


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_is_shown_in_the_page(tmp_path: Path, kind: str) -> None:
    response = file_response(stored(tmp_path, PICTURES[kind]), name="plan.png", content_type=kind)
    assert response["Content-Type"] == kind
    assert response["Content-Disposition"] == 'inline; filename="plan.png"'
    assert body(response) == PICTURES[kind]


@pytest.mark.parametrize("claimed", ["found", "image/png", "image/svg+xml", "text/html", "application/pdf"])
@pytest.mark.parametrize(
    "name", ["page.html", "drawing.svg", "script.js", "paper.pdf", "archive.zip", "notes.txt"]
)
def test_everything_else_is_only_to_be_saved(tmp_path: Path, name: str, claimed: str) -> None:
    content = NOT_SHOWN[name]
    kind = content_type_of(ContentFile(content), name) if claimed == "found" else claimed
    response = file_response(stored(tmp_path, content), name=name, content_type=kind)
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert body(response) == content
    assert response["Content-Length"] == str(len(content))


def test_every_file_comes_with_headers_that_keep_it_harmless(tmp_path: Path) -> None:
    for content, kind in [(PICTURES["image/png"], "image/png"), (HTML, "text/html")]:
        response = file_response(stored(tmp_path, content), name="a", content_type=kind)
        CSPMiddleware(lambda request: HttpResponse()).process_response(HttpRequest(), response)
        assert response["Cache-Control"] == "private, no-store"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert response["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_name_is_sent_in_all_languages(tmp_path: Path) -> None:
    response = file_response(
        stored(tmp_path, b"x"), name='План "3"\r\nX: y.pdf', content_type="application/pdf"
    )
    assert response["Content-Disposition"] == (
        "attachment; filename*=utf-8''%D0%9F%D0%BB%D0%B0%D0%BD%20_3_%20X_%20y.pdf"
    )


def test_a_file_that_is_gone_is_not_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = stored(tmp_path, b"x")
    (tmp_path / "kept").unlink()
    with pytest.raises(Http404):
        file_response(file, name="a", content_type="image/png")
    assert "kept is missing" in caplog.text
