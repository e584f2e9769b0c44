"""The mails of conversations: new words of a client, answers, reminders. Each is asked again, under lock, just
before it is handed over, whether its recipient may still have it. Notes are in none of them."""

from feedback.mails.news import ANSWER, MESSAGE, tell_them, tell_us, who_may_answer
from feedback.mails.reminders import REMINDER, call_holder

__all__ = ["ANSWER", "MESSAGE", "REMINDER", "call_holder", "tell_them", "tell_us", "who_may_answer"]
