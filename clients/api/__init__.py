"""The REST API of this app: the same doors and actions as the pages."""
