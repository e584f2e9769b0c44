from clients.models.companies import AnswerPolicy, Client, FreeDay, Membership, WorkingSpan
from clients.models.people import Absence, Skill, StaffProfile, User
from clients.models.tokens import ApiToken

__all__ = [
    "Absence",
    "AnswerPolicy",
    "ApiToken",
    "Client",
    "FreeDay",
    "Membership",
    "Skill",
    "StaffProfile",
    "User",
    "WorkingSpan",
]
