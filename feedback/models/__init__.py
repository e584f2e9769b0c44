from feedback.models.clocks import AnswerClock, DueChange, Reminder
from feedback.models.threads import Message, MessageFile, Thread

__all__ = ["AnswerClock", "DueChange", "Message", "MessageFile", "Reminder", "Thread"]
