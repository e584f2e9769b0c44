"""Handing out files that people uploaded. The caller has checked that this person may have this file."""

from __future__ import annotations

import logging

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404

from cxportal.lib.uploads import HEAD, OCTET_STREAM, begins_like, safe_name

log = logging.getLogger(__name__)


def file_response(file: FieldFile, *, name: str, content_type: str) -> FileResponse:
    """The file under its name: a picture to be shown in the page, everything else only to be saved.

    `content_type` is what was found when it was uploaded; it is looked at again, and what is not one of the four
    kinds of picture it claims to be goes out as unknown bytes. Nothing of it is kept by a cache on the way, nor may
    it run, frame or load anything where it is opened by itself. Raises Http404 where the file is gone.
    """
    try:
        stream = file.open("rb")
        head = stream.read(HEAD)
        stream.seek(0)
    except (FileNotFoundError, ValueError) as error:  # ValueError: the row has no file
        log.error("The file %s is missing from the storage.", file.name)
        raise Http404 from error
    inline = begins_like(head, content_type)
    response = FileResponse(
        stream,
        as_attachment=not inline,
        filename=safe_name(name),
        content_type=content_type if inline else OCTET_STREAM,
    )
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
