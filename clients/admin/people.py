"""People in the admin: who may sign in, as what, for which companies, and who is away."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from clients.actions import address_was_changed, password_was_set, require_another_admin
from clients.admin.locking import LockingMixin
from clients.errors import LockOutRefused
from clients.models import Absence, Membership, Skill, StaffProfile, User


class PersonCreationForm(AdminUserCreationForm):
    """A password may be left out: then the person sets one by "Forgot your password?"."""

    class Meta:
        model = User
        fields = ("email", "name", "staff_role", "language", "time_zone")


class PersonChangeForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.old_email = self.instance.email
        self.was_admin = self.instance.is_admin

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.was_admin and data.get("staff_role", User.StaffRole.ADMIN) != User.StaffRole.ADMIN:
            try:
                require_another_admin(self.instance)
            except LockOutRefused as refused:
                self.add_error("staff_role", str(refused))
        return data


class StaffProfileInline(admin.StackedInline):
    model = StaffProfile
    fk_name = "user"
    extra = 0

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A plain list of our own people: a phone and a screen reader can use it."""
        if db_field.name == "backup":
            kwargs["queryset"] = User.objects.staff()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class AbsenceInline(admin.StackedInline):
    model = Absence
    extra = 0


class MembershipForm(forms.ModelForm):
    """Opens only projects of the membership's own company."""

    class Meta:
        model = Membership
        fields = ("client", "user", "role", "projects")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "projects" in self.fields:
            field: Any = self.fields["projects"]
            field.queryset = field.queryset.select_related("client")
            if self.instance.client_id:
                field.queryset = field.queryset.filter(client=self.instance.client_id)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        client = data.get("client") or getattr(self.instance, "client", None)
        foreign = [str(project) for project in data.get("projects") or () if project.client != client]
        if foreign:
            self.add_error(
                "projects",
                forms.ValidationError(
                    _("Not a project of this company: %(names)s."), params={"names": ", ".join(foreign)}
                ),
            )
        return data


class MembershipInline(admin.StackedInline):
    model = Membership
    form = MembershipForm
    extra = 0
    fields = ("client", "user", "role", "projects")
    autocomplete_fields = ("client", "user")


class IsStaffFilter(admin.SimpleListFilter):
    title = _("belongs to")
    parameter_name = "side"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("us", _("our staff")), ("clients", _("clients")), ("nobody", _("nobody: sees nothing"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        match self.value():
            case "us":
                return queryset.exclude(staff_role="")
            case "clients":
                return queryset.filter(memberships__isnull=False).distinct()
            case "nobody":
                return queryset.filter(staff_role="", memberships=None)
        return queryset


@admin.register(User)
class UserAdmin(LockingMixin, BaseUserAdmin):
    add_form = PersonCreationForm
    form = PersonChangeForm
    list_display = ("name", "what_they_see", "email", "staff_role", "companies", "is_active", "last_login")
    list_filter = ("is_active", IsStaffFilter, "staff_role", "memberships__role", "memberships__client")
    search_fields = ("name", "email", "memberships__client__name")
    ordering = ("name", "email")
    filter_horizontal = ()
    readonly_fields = ("is_active", "last_login", "created_at")
    inlines = (StaffProfileInline, AbsenceInline, MembershipInline)
    actions = ("lock_out_selected", "let_in_selected", "sign_out_selected")
    fieldsets = (
        (None, {"fields": ("name", "email", "password", "is_active")}),
        (_("In our company"), {"fields": ("staff_role",)}),
        (_("Language and time"), {"fields": ("language", "time_zone")}),
        (_("Dates"), {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "name",
                    "email",
                    "staff_role",
                    "language",
                    "time_zone",
                    "usable_password",
                    "password1",
                    "password2",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("memberships__client")

    def get_inlines(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return ()
        return (StaffProfileInline, AbsenceInline) if obj.is_our_staff else (MembershipInline,)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False  # what people wrote and decided stays: they are locked out instead

    @admin.display(description=_("companies"))
    def companies(self, user: User) -> str:
        return ", ".join(f"{m.client} ({m.get_role_display()})" for m in user.memberships.all())

    @admin.display(description=_("access and mail"))
    def what_they_see(self, user: User) -> SafeString:
        # Gathered by an app above this one: known here by its name alone.
        url = reverse("admin:person_access", args=[user.pk])
        return format_html('<a href="{}">{}</a>', url, _("what they see and get"))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.is_our_staff:
            StaffProfile.objects.get_or_create(user=obj)
        if change and obj.email != form.old_email:
            address_was_changed(user=obj, old=form.old_email, by=cast(User, request.user))

    @method_decorator(sensitive_post_parameters())
    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Django's page; what follows from a new password follows here as everywhere."""
        people = User.objects.filter(pk=id) if id.isdigit() else User.objects.none()
        before = people.values_list("password", flat=True).first()
        response: HttpResponse = super().user_change_password(request, id, form_url)
        user = people.first()
        if user is not None and user.password != before:
            own = request.session.session_key
            password_was_set(user=user, by=cast(User, request.user), except_session=own)
        return response


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    form = MembershipForm
    list_display = ("user", "client", "role", "open_projects")
    list_filter = ("role", "client")
    search_fields = ("user__name", "user__email", "client__name")
    autocomplete_fields = ("user", "client")
    filter_horizontal = ("projects",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user", "client").prefetch_related("projects")

    @admin.display(description=_("open projects"))
    def open_projects(self, membership: Membership) -> str:
        if membership.role == Membership.Role.OWNER:
            return str(_("all"))
        return ", ".join(project.code for project in membership.projects.all())


@admin.register(Absence)
class AbsenceAdmin(admin.ModelAdmin):
    list_display = ("user", "starts_on", "ends_on", "note")
    list_filter = (("user", admin.RelatedOnlyFieldListFilter),)
    date_hierarchy = "starts_on"
    autocomplete_fields = ("user",)
    list_select_related = ("user",)


@admin.register(Skill)
class SkillAdmin(admin.ModelAdmin):
    search_fields = ("name",)
