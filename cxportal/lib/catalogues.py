"""Translation catalogues: compiled at the start without gettext, and compared with what the code asks for."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import polib


def compile_catalogues(locale: Path) -> list[Path]:
    """Write the `.mo` next to each `.po` under `locale` that is newer than it. Returns what was written.

    Raises OSError where a `.po` is no catalogue or the folder cannot be written to.
    """
    written = []
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        content = polib.pofile(str(source)).to_binary()
        descriptor, partial = tempfile.mkstemp(dir=target.parent, prefix=".mo-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(partial, 0o644)
        os.replace(partial, target)
        written.append(target)
    return written


def tidy(path: Path) -> None:
    """Put a catalogue into the form it is kept in: sorted by text, unwrapped, no dates.

    Two people who add texts then change different lines, and a run that finds nothing new changes none.
    """
    catalogue = polib.pofile(str(path), wrapwidth=0)
    catalogue.metadata = {
        name: value
        for name, value in catalogue.metadata.items()
        if name not in {"POT-Creation-Date", "PO-Revision-Date", "Last-Translator", "Language-Team"}
    }
    catalogue.metadata["Project-Id-Version"] = "CX Portal"
    catalogue.metadata["Language"] = path.parent.parent.name
    catalogue.header = "Texts of CX Portal, collected by script/messages."
    catalogue.metadata_is_fuzzy = False
    for entry in catalogue:
        entry.occurrences = []
        entry.previous_msgid = entry.previous_msgid_plural = entry.previous_msgctxt = None
    catalogue.sort(key=lambda entry: (entry.msgid, entry.msgctxt or ""))
    catalogue.save(str(path))


def shortcomings(kept: Path, fresh: Path) -> list[str]:
    """What keeps the catalogue `kept` from being complete, one line each.

    `fresh` is the same catalogue after collecting the texts of the code anew.
    """
    lines = []
    asked = {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(fresh)) if not entry.obsolete}
    catalogue = polib.pofile(str(kept)) if kept.exists() else polib.POFile()
    found = {(entry.msgctxt, entry.msgid) for entry in catalogue if not entry.obsolete}
    lines += [f"missing: {text}" for _, text in sorted(asked - found, key=str)]
    for entry in catalogue:
        if entry.obsolete or (entry.msgctxt, entry.msgid) not in asked:
            lines.append(f"no longer used: {entry.msgid}")
        elif entry.fuzzy:
            lines.append(f"fuzzy: {entry.msgid}")
        elif not entry.translated():
            lines.append(f"not translated: {entry.msgid}")
    return lines
