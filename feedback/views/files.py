"""Files that came with messages: private, handed out after the same check as the message itself."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponseBase
from django.views.decorators.http import require_safe

from clients.http import PersonRequest
from cxportal.lib.downloads import file_response
from feedback.access import get_message_file


@require_safe
@login_required
def message_file(request: PersonRequest, uid: Any) -> HttpResponseBase:
    file = get_message_file(request.user, uid)
    return file_response(file.file, name=file.name, content_type=file.content_type)
