"""What people do in conversations: each function one user's verb, atomic, with one event.

Each locks the conversation's row first, then its running clock, then messages: in this order always, so that an
answer, a second message, a reminder and a message taken back come one after the other and never block for good.
The person must see the conversation and be allowed to write in it: PermissionDenied otherwise. What breaks a rule
raises an ActionRefused of `feedback.errors` and changes nothing.
"""

from feedback.actions._running import new_clock
from feedback.actions.clocks import move_due, no_reply_needed
from feedback.actions.messages import (
    conversation_of,
    note_on_task,
    post_message,
    post_on_task,
    record_call,
    start_thread,
    write_note,
)
from feedback.actions.moving import merge_threads, move_thread, split_thread
from feedback.actions.taking_back import TAKE_BACK_ANSWER, TAKE_BACK_QUESTION, delete_answer, take_back
from feedback.actions.threads import assign, close_thread, follow, narrow_audience, reopen_thread, unfollow

__all__ = [
    "TAKE_BACK_ANSWER",
    "TAKE_BACK_QUESTION",
    "assign",
    "close_thread",
    "conversation_of",
    "delete_answer",
    "follow",
    "merge_threads",
    "move_due",
    "move_thread",
    "narrow_audience",
    "new_clock",
    "no_reply_needed",
    "note_on_task",
    "post_message",
    "post_on_task",
    "record_call",
    "reopen_thread",
    "split_thread",
    "start_thread",
    "take_back",
    "unfollow",
    "write_note",
]
