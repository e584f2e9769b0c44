"""What people do in a project: each function one user's verb, atomic, with one event."""
