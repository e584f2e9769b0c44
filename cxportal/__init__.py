"""The installation: settings, start, servers, and the apps that gather the others."""
