"""Why an action on an account was refused."""

from __future__ import annotations

from cxportal.lib.errors import ActionRefused

__all__ = ["ActionRefused", "LockOutRefused"]


class LockOutRefused(ActionRefused):
    """Somebody would lock out themself, or nobody could administer the portal any more."""
