from projects.models.imports import TaskImport
from projects.models.plan import DateChange, Dependency, Milestone, Phase, Placeholder
from projects.models.projects import Column, Label, Project
from projects.models.tasks import Attachment, ChecklistItem, Task, TimeEntry

__all__ = [
    "Attachment",
    "ChecklistItem",
    "Column",
    "DateChange",
    "Dependency",
    "Label",
    "Milestone",
    "Phase",
    "Placeholder",
    "Project",
    "Task",
    "TaskImport",
    "TimeEntry",
]
