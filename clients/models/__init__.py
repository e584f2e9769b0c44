from clients.models.companies import AnswerPolicy, Client, FreeDay, Membership, WorkingSpan
from clients.models.people import Absence, Skill, StaffProfile, User

__all__ = [
    "Absence",
    "AnswerPolicy",
    "Client",
    "FreeDay",
    "Membership",
    "Skill",
    "StaffProfile",
    "User",
    "WorkingSpan",
]
