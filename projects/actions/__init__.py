"""What people do in a project: each function one user's verb, atomic, with one event."""

from projects.actions.board import add_task, move_task

__all__ = ["add_task", "move_task"]
