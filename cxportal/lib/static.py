"""How static files are stored: under names that change with their content, so that browsers may keep them forever."""

from __future__ import annotations

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

_IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns[1]  # type: ignore[attr-defined]


class PortalStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Rewrites the names in our own modules' imports as well. Not those of others: Django's pattern stumbles there."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", _IMPORTS))
