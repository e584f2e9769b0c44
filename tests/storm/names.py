"""The names of the scenarios, known without loading the portal."""

NAMES = ("kills", "postgres", "valkey", "smtp", "beats", "friday", "term")
