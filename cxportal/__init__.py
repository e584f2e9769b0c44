"""The installation: settings, start, servers, and the apps that gather the others."""

__version__ = "0.1.0"
