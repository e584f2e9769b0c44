"""The faults that take minutes: `script/storm` runs them against real processes, servers and a real SMTP server."""
