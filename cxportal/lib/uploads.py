"""What people upload: how big it may be, what it really is, and by what name it is kept and handed out.

The type is read from the content, never from the name or from what the browser says. Only pictures that are what
they seem to be are ever shown inside a page (`cxportal/lib/downloads.py`); everything else is only handed out.
"""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from dataclasses import dataclass
from typing import IO, Any

import puremagic
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _
from PIL import Image

from cxportal.lib.storing import NotKept
from cxportal.lib.text import one_line

logger = logging.getLogger(__name__)

OCTET_STREAM = "application/octet-stream"
INLINE_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
HEAD = 4096  # bytes that are enough to know a type by

# Larger pictures are kept, but handed out like any other file: no page and no worker ever unpacks one.
MAX_PIXELS = 64_000_000
MAX_SIDE = 20_000
MAX_NAME_BYTES = 200  # file systems end at 255, and a few more are added where two names are the same

# Pillow warns above its limit and refuses above twice that; here both refuse.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CheckedUpload:
    """What may be kept of an upload. `content_type` is one of INLINE_TYPES only where that was verified."""

    name: str
    content_type: str
    size: int


def check_upload(file: File[bytes], max_bytes: int | None = None) -> CheckedUpload:
    """Look at an uploaded file; `max_bytes` defaults to ATTACHMENT_MAX_BYTES.

    Raises ValidationError ("empty", "too_large") with a message for the person. The file is read, never unpacked,
    and left at its beginning.
    """
    limit = settings.ATTACHMENT_MAX_BYTES if max_bytes is None else max_bytes
    name = safe_name(file.name or "")
    if getattr(file, "was_not_received", False):
        raise ValidationError(str(NotKept()), code="no_room")
    if not file.size:
        raise ValidationError(_("“%(name)s” is empty."), code="empty", params={"name": name})
    if file.size > limit:
        raise ValidationError(
            _("“%(name)s” is too large: %(size)s. At most %(limit)s can be sent."),
            code="too_large",
            params={"name": name, "size": filesizeformat(file.size), "limit": filesizeformat(limit)},
        )
    return CheckedUpload(name=name, content_type=content_type_of(file, name), size=file.size)


class SteadyUploadHandler(TemporaryFileUploadHandler):
    """Receives large uploads into the temporary folder. Where that is full, the form hears of it, not the whole page:
    the words that came along are read all the same, and `check_upload` refuses the file."""

    was_not_received = False

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        self.was_not_received = False
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.was_not_received:
            return
        try:
            self.file.write(raw_data)
            self.file.flush()
        except OSError:
            logger.exception("an upload could not be received")
            self.was_not_received = True
            with contextlib.suppress(OSError):
                self.file.truncate(0)

    def file_complete(self, file_size: int) -> Any:
        self.file.was_not_received = self.was_not_received  # type: ignore[attr-defined]
        return super().file_complete(file_size)


def content_type_of(file: IO[bytes] | File[bytes], name: str = "") -> str:
    """The MIME type by content; application/octet-stream where it is unknown, or a picture that cannot be shown.

    `name` only decides between kinds that share one form: a .docx is a zip. Text of any kind is unknown, so that
    nothing is ever taken for a page or a script.
    """
    file.seek(0)
    head = file.read(HEAD)
    picture = _picture_type(file)
    file.seek(0)
    if picture:
        return picture
    try:
        found = puremagic.magic_string(head, name)
    except (puremagic.PureError, ValueError):
        return OCTET_STREAM
    for match in found:
        if match.mime_type in INLINE_TYPES.values():
            return OCTET_STREAM  # begins like a picture, but is none that can be shown
        if match.mime_type and not match.mime_type.startswith("text/"):
            return str(match.mime_type)
    return OCTET_STREAM


def begins_like(head: bytes, content_type: str) -> bool:
    """Do these first bytes belong to a picture of that type? False for every type that is not shown in a page."""
    match content_type:
        case "image/png":
            return head.startswith(b"\x89PNG\r\n\x1a\n")
        case "image/jpeg":
            return head.startswith(b"\xff\xd8\xff")
        case "image/gif":
            return head.startswith((b"GIF87a", b"GIF89a"))
        case "image/webp":
            return head.startswith(b"RIFF") and head[8:12] == b"WEBP"
        case _:
            return False


def safe_name(name: str) -> str:
    """A file name that is safe to keep, show and hand out: no folders, no control, bidirectional or invisible
    characters, nothing a file system forbids, at most MAX_NAME_BYTES of UTF-8 with its ending kept.
    """
    name = one_line(re.split(r"[/\\]", name)[-1])
    name = re.sub(r'[<>:"|?*]', "_", name).strip(". ")
    if not name:
        return "file"
    if _RESERVED.match(name):
        name = f"_{name}"
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > 16:
        stem, dot, ending = name, "", ""
    room = MAX_NAME_BYTES - len((dot + ending).encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip() + dot + ending


def _picture_type(file: Any) -> str:
    """The type of a picture that may be shown, by its content; "" for everything else."""
    try:
        file.seek(0)
        with Image.open(file, formats=list(INLINE_TYPES)) as image:
            width, height = image.size
            kind = INLINE_TYPES[image.format or ""]
            image.verify()
    except Exception:  # Pillow raises many kinds for broken and hostile files
        return ""
    fits = 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS
    return kind if fits else ""
