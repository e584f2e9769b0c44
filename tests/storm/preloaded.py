"""Loaded once, by the process from which a storm's actors are forked."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxportal.settings")

import django

django.setup()

from cxportal.preload import preload  # noqa: E402 - after the setup

preload()
