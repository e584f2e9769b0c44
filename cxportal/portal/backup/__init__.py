"""Backups: the database and the attached files in one archive, and back. docs/operators/backup.md tells how."""


class BackupError(Exception):
    """A backup or a restore that cannot be done. The message is for the person who asked for it."""
