"""What Django's ORM has no words for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from functools import cached_property
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, BooleanField, Expression, F, Field, Func, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import TransactionManagementError


class IsOneOf(Func):
    """`filter(IsOneOf("task", ids))`: `task__in=ids` with the ids as one array instead of a parameter for each.

    Writing the statement then costs the same for one id and for hundreds.
    """

    # "task_id" = ANY(%s)
    arg_joiner = " = ANY("
    template = "%(expressions)s)"
    output_field = BooleanField()

    def __init__(self, field: str, ids: Iterable[int] | Slot) -> None:
        if not isinstance(ids, Slot):
            ids = Value(list(ids), output_field=ArrayField(BigIntegerField()))  # type: ignore[assignment]
        super().__init__(F(field), ids)


class Slot(Expression):
    """In a queryset that is written once, the place of a value that comes with each use."""

    def __init__(self, name: str, output_field: Field[Any, Any] | None = None) -> None:
        super().__init__(output_field)
        self.slot = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        return "%s", [self]


class Statement:
    """The SQL of a queryset, written once for all its uses.

    Django writes the SQL of a queryset anew each time, and on a page of a few quick queries that takes longer than
    the database. Where it counts, a queryset is built once with a `Slot` for each value that changes:

        OVERDUE = Statement(lambda: Task.objects.overdue(Slot("today")).filter(project=Slot("project")).values("pk"))
        OVERDUE.rows(today=today, project=project.pk)

    What a person may see stays a matter of querysets. `build` is called at the first use. When the text of the SQL
    depends on something, as on whether the reader is of our staff, there is a statement for each case.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, Any]]) -> None:
        self.build = build
        _all.append(self)

    @cached_property
    def _written(self) -> tuple[QuerySet[Any, Any], SQLCompiler, str, tuple[Any, ...]]:
        queryset = self.build()
        compiler = queryset.query.get_compiler(connection=connection)
        return queryset, compiler, *compiler.as_sql()

    @staticmethod
    def write_all() -> None:
        """Writes every statement now, so that processes forked afterwards need not."""
        for statement in _all:
            statement._written  # noqa: B018

    def filled(self, **values: Any) -> tuple[str, list[Any]]:
        """SQL and parameters, for a cursor. Raises KeyError for a slot without a value."""
        _queryset, _compiler, sql, parameters = self._written
        return sql, [values[one.slot] if isinstance(one, Slot) else one for one in parameters]

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """What the database gives, as plain tuples."""
        with connection.cursor() as cursor:
            cursor.execute(*self.filled(**values))
            return cursor.fetchall()

    def objects(self, **values: Any) -> list[Any]:
        """What the queryset gives: instances with what was selected along, annotated and prefetched."""
        sql, parameters = self.filled(**values)
        queryset, compiler = self._written[0].all(), copy(self._written[1])
        if queryset.query.select_for_update and not connection.in_atomic_block:
            raise TransactionManagementError("Rows are locked in a transaction only.")
        # The compiler knows already which column goes where; only its connection is this thread's.
        compiler.connection = connection
        compiler.as_sql = lambda *args, **kwargs: (sql, tuple(parameters))  # type: ignore[method-assign]
        queryset.query.get_compiler = lambda *args, **kwargs: compiler  # type: ignore[method-assign]
        return list(queryset)


_all: list[Statement] = []
