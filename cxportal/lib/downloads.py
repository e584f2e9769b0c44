"""Handing out files that people uploaded. The caller has checked that this person may have this file."""

from __future__ import annotations

import logging
from urllib.parse import quote

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from cxportal.lib.storing import StorageAway
from cxportal.lib.uploads import HEAD, OCTET_STREAM, begins_like, safe_name

log = logging.getLogger(__name__)


def file_response(file: FieldFile, *, name: str, content_type: str) -> HttpResponseBase:
    """The file under its name: a picture to be shown in the page, everything else only to be saved.

    `content_type` is what was found when it was uploaded; it is looked at again, and what is not one of the four
    kinds of picture it claims to be goes out as unknown bytes. Nothing of it is kept by a cache on the way, nor may
    it run, frame or load anything where it is opened by itself. With X_ACCEL_MEDIA the proxy sends the bytes.
    Raises Http404 where the file is gone, StorageAway where the storage cannot be reached.
    """
    try:
        stream = file.open("rb")
        head = stream.read(HEAD)
        stream.seek(0)
    except (FileNotFoundError, ValueError) as error:  # ValueError: the row has no file
        log.error("The file %s is missing from the storage.", file.name)
        raise Http404 from error
    except OSError as error:
        log.error("The file %s cannot be read: %s.", file.name, type(error).__name__)
        raise StorageAway from error
    inline = begins_like(head, content_type)
    shown_as = content_type if inline else OCTET_STREAM
    response: HttpResponseBase
    if settings.X_ACCEL_MEDIA and isinstance(file.storage, FileSystemStorage):
        stream.close()
        response = HttpResponse(content_type=shown_as)
        response.headers["X-Accel-Redirect"] = quote(f"{settings.X_ACCEL_MEDIA}{file.name}")
    else:
        # FieldFile does not pass on that an object can only be read from beginning to end.
        response = FileResponse(stream.file, content_type=shown_as)
        response.headers["Content-Length"] = str(stream.file.size)
    # Never empty: with a name there is always something to say.
    response.headers["Content-Disposition"] = content_disposition_header(not inline, safe_name(name)) or ""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
