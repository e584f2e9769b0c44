"""Makes .venv, installs what is pinned, and goes on inside it. Runs with any Python ≥ 3.11 and nothing installed."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "cxportal-installed.json"
PORTAL, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"
NEEDS_DEVELOPMENT = {"test", "lint", "messages", "bench", "storm"}


def main(arguments: list[str]) -> NoReturn:
    command = arguments[0]
    requirements = DEVELOPMENT if command in NEEDS_DEVELOPMENT else PORTAL
    try:
        ensure_environment(ROOT / requirements)
    except KeyboardInterrupt:
        sys.exit(130)
    os.chdir(ROOT)
    os.environ["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.environ.pop("PYTHONHOME", None)
    os.execv(PYTHON, [str(PYTHON), "-m", "cxportal.run", *arguments])


def ensure_environment(requirements: Path) -> None:
    """Make .venv and install `requirements` into it where that has not been done yet. Ends with one line if it cannot.

    A .venv that is there, or a link to one, is used as it is and only added to.
    """
    wanted = stamp_of(requirements)
    if PYTHON.exists() and installed().get(requirements.name) == wanted:
        return
    if not environment_works():
        make_environment()
    with open(VENV / "cxportal-installed.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = installed()
        if done.get(requirements.name) == wanted:
            return
        print(f"Installing {requirements.name} (the first time takes a minute or two) …", flush=True)
        result = subprocess.run(
            [
                str(PYTHON),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-input",
                "-r",
                str(requirements),
            ],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"},
        )
        if result.returncode:
            fail(f"pip could not install {requirements.name}; what it said is above. Start again to go on.")
        done[requirements.name] = wanted
        if requirements.name == DEVELOPMENT:  # compiled to contain the other one
            done[PORTAL] = stamp_of(ROOT / PORTAL)
        STAMP.write_text(json.dumps(done) + "\n")


def stamp_of(requirements: Path) -> str:
    """Changes with what is pinned, and with the minor version of Python, which needs all of it anew.

    script/_bootstrap calls us with the Python of .venv, if that runs.
    """
    content = hashlib.sha256(requirements.read_bytes()).hexdigest()
    return f"{sys.version_info.major}.{sys.version_info.minor} {content}"


def environment_works() -> bool:
    """Whether .venv has a Python that runs, which ends when the Python it was made with goes, and is new enough."""
    if not PYTHON.exists():
        return False
    check = [str(PYTHON), "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(check, capture_output=True).returncode == 0


def make_environment() -> None:
    if VENV.is_symlink():
        fail(
            f"{VENV} leads to {os.readlink(VENV)}, which is no working environment. Repair it or remove the link."
        )
    if VENV.exists() and any(VENV.iterdir()) and not (VENV / "pyvenv.cfg").exists():
        fail(f"{VENV} is there but is no Python environment. Move it away and start again.")
    # Outside .venv, should we be running from what is left of it.
    python = getattr(sys, "_base_executable", None) or sys.executable
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        how = f"Run: apt install {package}" if Path("/etc/debian_version").exists() else f"Install {package}"
        fail(f"This Python ({python}) comes without venv. {how} (with sudo if needed), then start again.")
    print(f"Making {VENV} with Python {sys.version.split()[0]} …", flush=True)
    result = subprocess.run([python, "-m", "venv", "--clear", VENV], stdin=subprocess.DEVNULL)
    if result.returncode:
        fail(f"The environment {VENV} could not be made; what Python said is above.")


def installed() -> dict[str, str]:
    """Which requirements file was installed last, by name, as the hash of its content."""
    try:
        content = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def fail(line: str) -> NoReturn:
    print(line, file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
