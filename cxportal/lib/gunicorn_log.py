"""gunicorn's own lines in the format of all others."""

from __future__ import annotations

import logging
import os
from typing import Any

from gunicorn.glogging import Logger

from cxportal.lib.logs import FORMATS


class PortalLogger(Logger):
    """Writes through our formatter, and no address or path of who asked for something that is no request."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        default = "json" if os.environ.get("PRODUCTION", "").lower() in {"1", "true", "yes", "on"} else "line"
        formatter = FORMATS.get(os.environ.get("LOG_FORMAT") or default, FORMATS["json"])()
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter)
            handler.addFilter(without_who_asked)


def without_who_asked(record: logging.LogRecord) -> bool:
    text = str(record.msg)
    if text.startswith(("Invalid request", "Error handling request")):
        record.msg, record.args = text.split(" from ")[0].split(" %s")[0], ()
    return True
