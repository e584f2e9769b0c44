"""Locking out, letting in, signing out; new passwords and addresses set by an administrator; the audit of it all."""

from __future__ import annotations

import datetime as dt

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.test import Client as Browser
from django.utils import timezone

from clients import ways_in
from clients.actions import let_in, lock_out, request_password_reset, sign_out
from clients.errors import LockOutRefused
from clients.models import Skill, User
from conftest import SignedIn
from cxportal.notifications.claims import Claims
from cxportal.notifications.models import AuditEntry, Event, OutgoingMail
from cxportal.notifications.sending import send_due
from feedback import actions
from feedback.tests.concurrent import Work, uncommitted, wait_until_blocked
from projects.models import Project
from tests.factories import PASSWORD, make_user
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db


def do(admin_user: User, verb: str, *people: User, reason: str = "Lost a phone") -> str:
    ids = ",".join(str(person.pk) for person in people)
    answer = SignedIn(admin_user).post(
        f"/admin/clients/user/{verb}/{ids}/do/", {"reason": reason}, follow=True
    )
    return answer.content.decode()


def is_active(user: User) -> bool:
    return User.objects.get(pk=user.pk).is_active


# --- Locking out --------------------------------------------------------------------------------


def test_locking_out_asks_why_and_ends_everything_at_once(admin_user: User, owner: User) -> None:
    theirs = SignedIn(owner)
    page = SignedIn(admin_user).get(f"/admin/clients/user/lock-out/{owner.pk}/do/").content.decode()
    assert owner.email in page
    assert is_active(owner)
    assert "Please say why." in do(admin_user, "lock-out", owner, reason=" ")
    assert is_active(owner)
    assert "is locked out." in do(admin_user, "lock-out", owner)
    assert not is_active(owner)
    assert theirs.get("/").status_code == 302
    assert ways_in.session_keys_of(owner) == []
    entry = AuditEntry.objects.get(what="person.locked_out")
    assert (entry.actor, entry.person, entry.reason) == (admin_user, owner, "Lost a phone")
    assert entry.address == "127.0.0.1"
    assert owner.email in entry.person_name


def test_several_are_locked_out_from_the_list(admin_user: User, owner: User, member: User) -> None:
    browser = SignedIn(admin_user)
    answer = browser.post(
        "/admin/clients/user/", {"action": "lock_out_selected", "_selected_action": [owner.pk, member.pk]}
    )
    browser.post(answer["Location"], {"reason": "Left the company"})
    assert not is_active(owner)
    assert not is_active(member)
    assert AuditEntry.objects.filter(what="person.locked_out", reason="Left the company").count() == 2


def test_every_way_in_that_registered_is_ended(admin_user: User, owner: User) -> None:
    ended: list[User] = []

    def end_tokens(user: User, except_session: str | None) -> int:
        ended.append(user)
        return 1

    ways_in.ends_ways_in(end_tokens)
    try:
        lock_out(user=owner, by=admin_user)
    finally:
        ways_in._ends.remove(end_tokens)
    assert ended == [owner]


def test_mail_that_waits_for_them_is_stopped_and_whoever_stands_in_hears(
    admin_user: User, manager: User, owner: User, specialist: User, house: Project, smtp: SmtpServer
) -> None:
    thread = actions.start_thread(by=owner, client=house.client, project=house, subject="Socket", body="?")
    OutgoingMail.objects.all().delete()
    actions.assign(thread=thread, by=manager, assignee=specialist)
    waiting = OutgoingMail.objects.get(recipient=specialist)
    lock_out(user=specialist, by=admin_user, reason="Left")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("suppressed", "may not sign in")
    send_due()
    assert {mail.to for mail in OutgoingMail.objects.filter(state="sent")} == {manager.email}


def test_mail_that_was_queued_for_a_contact_is_stopped(
    admin_user: User, manager: User, owner: User, house: Project, smtp: SmtpServer
) -> None:
    thread = actions.start_thread(by=owner, client=house.client, project=house, subject="Socket", body="?")
    actions.post_message(thread=thread, by=manager, body="Yes.")
    do(admin_user, "lock-out", owner)
    mail = OutgoingMail.objects.get(recipient=owner)
    assert (mail.state, mail.reason) == ("suppressed", "may not sign in")
    assert AuditEntry.objects.get(what="person.locked_out").data == {"mails_stopped": 1}


def test_a_mail_that_a_worker_has_taken_is_not_handed_over_any_more(
    admin_user: User, manager: User, owner: User, house: Project
) -> None:
    thread = actions.start_thread(by=owner, client=house.client, project=house, subject="Socket", body="?")
    actions.post_message(thread=thread, by=manager, body="Yes.")
    worker = Claims()
    later = timezone.now() + dt.timedelta(minutes=1)
    mail = next(one for one in worker.take(later, 10) if one.recipient == owner)
    lock_out(user=owner, by=admin_user)
    assert not worker.mark(mail, None)
    mail.refresh_from_db()
    assert mail.state == "suppressed"


def test_a_mail_that_cannot_be_judged_keeps_no_door_open(admin_user: User, owner: User) -> None:
    OutgoingMail.objects.create(
        kind="unknown.kind", dedupe_key="a", message_id="a", recipient=owner, to="a@b.c"
    )
    lock_out(user=owner, by=admin_user)
    assert OutgoingMail.objects.get().state == "suppressed"
    assert not is_active(owner)


def test_nobody_locks_out_themself_nor_the_last_administrator(admin_user: User, manager: User) -> None:
    assert "You cannot lock yourself out" in do(admin_user, "lock-out", admin_user)
    assert is_active(admin_user)
    with pytest.raises(LockOutRefused, match="last administrator"):
        lock_out(user=admin_user, by=manager)
    assert not AuditEntry.objects.filter(what="person.locked_out").exists()


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_lock_each_other_out_leave_one(admin_user: User) -> None:
    other = make_user(staff_role="admin")
    with uncommitted(lambda: lock_out(user=other, by=admin_user)):
        work = Work(lambda: lock_out(user=User.objects.get(pk=admin_user.pk), by=other))
        wait_until_blocked(work)
    with pytest.raises((PermissionDenied, LockOutRefused)):
        work.result()
    assert is_active(admin_user)
    assert not is_active(other)


def test_the_last_administrator_keeps_their_role(admin_user: User) -> None:
    browser = SignedIn(admin_user)
    url = f"/admin/clients/user/{admin_user.pk}/change/"
    answer = browser.post(url, form_of(browser, admin_user, staff_role="manager"))
    assert "this is the last administrator" in answer.content.decode()
    other = make_user(staff_role="admin")
    assert browser.post(url, form_of(browser, admin_user, staff_role="manager")).status_code == 302
    assert User.objects.admins().get() == other


def test_the_form_of_a_person_neither_locks_out_nor_lets_in(admin_user: User, owner: User) -> None:
    browser = SignedIn(admin_user)
    browser.post(f"/admin/clients/user/{owner.pk}/change/", form_of(browser, owner, is_active=""))
    assert is_active(owner)


def test_letting_in_again_is_audited(admin_user: User, owner: User) -> None:
    do(admin_user, "lock-out", owner)
    assert "may sign in again" in do(admin_user, "let-in", owner, reason="Phone found")
    assert is_active(owner)
    assert AuditEntry.objects.get(what="person.let_in").reason == "Phone found"
    do(admin_user, "let-in", owner)
    assert AuditEntry.objects.filter(what="person.let_in").count() == 1, "nothing was changed"


def test_signing_out_ends_sessions_and_nothing_else(admin_user: User, owner: User, member: User) -> None:
    theirs, others = SignedIn(owner), SignedIn(member)
    do(admin_user, "sign-out", owner)
    assert theirs.get("/").status_code == 302
    assert others.get("/").status_code == 200
    assert is_active(owner)
    assert AuditEntry.objects.get(what="person.signed_out").data == {"ended": 1}


def test_an_administrator_who_signs_out_everywhere_stays_where_they_are(admin_user: User) -> None:
    here, elsewhere = SignedIn(admin_user), SignedIn(admin_user)
    here.post(f"/admin/clients/user/sign-out/{admin_user.pk}/do/", {"reason": "Lost"})
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    assert sign_out(user=admin_user, by=admin_user) == 1


# --- Passwords and addresses --------------------------------------------------------------------


def test_a_password_set_in_the_admin_is_told_and_ends_their_sessions(
    admin_user: User, owner: User, smtp: SmtpServer
) -> None:
    theirs, ours = SignedIn(owner), SignedIn(admin_user)
    path = f"/admin/clients/user/{owner.pk}/password/"
    form = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    assert ours.post(path, form).status_code == 302
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
    assert theirs.get("/").status_code == 302
    assert ways_in.session_keys_of(owner) == []
    assert send_due() == 1
    assert f"the password for {owner.email} was changed" in " ".join(smtp.texts()[0].split())
    entry = AuditEntry.objects.get(what="person.password_set")
    assert (entry.actor, entry.person) == (admin_user, owner)
    assert PASSWORD not in str(list(AuditEntry.objects.values())) + str(list(Event.objects.values()))


def test_a_refused_password_tells_nobody(admin_user: User, owner: User) -> None:
    form = {"password1": "short", "password2": "short", "usable_password": "true"}
    answer = SignedIn(admin_user).post(f"/admin/clients/user/{owner.pk}/password/", form)
    assert answer.status_code == 200
    assert not OutgoingMail.objects.exists()
    assert not AuditEntry.objects.exists()


def test_ones_own_new_password_keeps_this_session_alone(admin_user: User) -> None:
    here, elsewhere = SignedIn(admin_user), SignedIn(admin_user)
    form = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    here.post(f"/admin/clients/user/{admin_user.pk}/password/", form)
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


def form_of(browser: Browser, person: User, **changes: str) -> dict[str, object]:
    """What the form of a person would send back, with changes."""
    form = browser.get(f"/admin/clients/user/{person.pk}/change/").context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value is not None} | changes
    prefixes = ("staff_profile", "absences", "memberships")
    return data | {f"{prefix}-{name}_FORMS": "0" for prefix in prefixes for name in ("TOTAL", "INITIAL")}


def test_a_new_address_is_told_to_the_old_one(
    admin_user: User, manager: User, owner: User, house: Project, smtp: SmtpServer
) -> None:
    thread = actions.start_thread(by=owner, client=house.client, project=house, subject="Socket", body="?")
    actions.post_message(thread=thread, by=manager, body="Yes.")
    EmailAddress.objects.create(user=owner, email=owner.email, primary=True)
    browser, old = SignedIn(admin_user), owner.email
    data = form_of(browser, owner, email="olga@new.example")
    assert browser.post(f"/admin/clients/user/{owner.pk}/change/", data).status_code == 302
    mails = {mail.kind: mail.to for mail in OutgoingMail.objects.filter(recipient=owner)}
    assert mails == {"account.address_changed": old, "thread.answer": "olga@new.example"}
    send_due()
    letter = next(text for text in smtp.texts() if "is no longer your address" in text)
    assert "olga@new.example" not in letter
    assert not EmailAddress.objects.exists()
    entry = AuditEntry.objects.get(what="person.address_changed")
    assert entry.data == {"old": old, "new": "olga@new.example"}


def test_nobody_signs_in_with_the_old_address(admin_user: User, owner: User) -> None:
    owner.set_password(PASSWORD)
    owner.save()
    Browser().post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    browser, old = SignedIn(admin_user), owner.email
    browser.post(f"/admin/clients/user/{owner.pk}/change/", form_of(browser, owner, email="olga@new.example"))
    late = Browser()
    late.post("/accounts/login/", {"login": old, "password": PASSWORD})
    assert late.get("/").status_code == 302
    late.post("/accounts/login/", {"login": "olga@new.example", "password": PASSWORD})
    assert late.get("/").status_code == 200


def test_other_changes_tell_nobody(admin_user: User, owner: User) -> None:
    browser = SignedIn(admin_user)
    browser.post(f"/admin/clients/user/{owner.pk}/change/", form_of(browser, owner, name="Olga P."))
    assert not OutgoingMail.objects.exists()
    assert User.objects.get(pk=owner.pk).name == "Olga P."


# --- The audit ----------------------------------------------------------------------------------


def test_nothing_changes_or_deletes_an_audit_row(admin_user: User, owner: User) -> None:
    lock_out(user=owner, by=admin_user, reason="Lost a phone")
    entry = AuditEntry.objects.get()
    for statement in (
        "UPDATE notifications_auditentry SET reason = 'nothing'",
        "DELETE FROM notifications_auditentry",
    ):
        with (
            pytest.raises(DatabaseError, match="never changed"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    browser = SignedIn(admin_user)
    path = f"/admin/notifications/auditentry/{entry.pk}"
    assert browser.post(f"{path}/delete/", {"post": "yes"}).status_code == 403
    assert browser.post(f"{path}/change/", {"reason": "nothing"}).status_code == 403
    assert browser.get("/admin/notifications/auditentry/add/").status_code == 403
    assert AuditEntry.objects.get().reason == "Lost a phone"


def test_the_audit_outlives_the_people_in_it(admin_user: User) -> None:
    leaver, other = make_user("Len Leaver", email="len@example.com"), make_user(staff_role="admin")
    lock_out(user=leaver, by=other, reason="Left")
    leaver.delete()
    other.delete()
    page = SignedIn(admin_user).get("/admin/notifications/auditentry/").content.decode()
    assert "Len Leaver &lt;len@example.com&gt;" in page


def test_what_django_logs_stands_in_the_audit(admin_user: User, owner: User) -> None:
    browser = SignedIn(admin_user)
    browser.post("/admin/clients/skill/add/", {"name": "Bricklayer"})
    browser.post("/admin/clients/skill/add/", {"name": "Tiler"})
    ids = list(Skill.objects.values_list("pk", flat=True))
    browser.post(
        "/admin/clients/skill/", {"action": "delete_selected", "_selected_action": ids, "post": "yes"}
    )
    assert not Skill.objects.exists()
    whats = list(AuditEntry.objects.order_by("pk").values_list("what", flat=True))
    assert whats == ["admin.added", "admin.added", "admin.deleted", "admin.deleted"]
    browser.post(f"/admin/clients/user/{owner.pk}/change/", form_of(browser, owner, name="Olga P."))
    entry = AuditEntry.objects.get(what="admin.changed")
    assert (entry.actor, entry.person, entry.address) == (admin_user, owner, "127.0.0.1")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('cxportal.address', true)")
        assert cursor.fetchone() == ("",), "the next request on this connection comes from elsewhere"
    page = browser.get(f"/admin/notifications/auditentry/{entry.pk}/change/").content.decode()
    assert "Changed Name." in page


def test_switching_a_company_off_is_audited_once(admin_user: User, owner: User, house: Project) -> None:
    form = {"action": "switch_off", "_selected_action": [house.client_id]}
    for _twice in range(2):
        SignedIn(admin_user).post("/admin/clients/client/", form)
    entry = AuditEntry.objects.get(what="client.switched_off")
    assert (entry.actor, entry.thing) == (admin_user, "Petrov Family")


def test_the_audit_is_filtered_and_searched(admin_user: User, owner: User, member: User) -> None:
    lock_out(user=owner, by=admin_user, reason="Lost a phone")
    let_in(user=owner, by=admin_user)
    lock_out(user=member, by=admin_user, reason="Left")
    browser = SignedIn(admin_user)

    def rows(query: str) -> int:
        return len(browser.get(f"/admin/notifications/auditentry/?{query}").context["cl"].result_list)

    assert rows("") == 3
    assert rows("what=person.locked_out") == 2
    assert rows("q=phone") == 1
    assert rows("q=misha") == 1
    assert rows(f"who={admin_user.pk}") == 3
    assert browser.get("/admin/notifications/auditentry/?who=99999999999999999999999").status_code == 400
    assert rows("who=0") == 0


def test_only_administrators_see_rows_of_the_audit(admin_user: User, manager: User, owner: User) -> None:
    lock_out(user=owner, by=admin_user)
    assert AuditEntry.objects.visible_to(admin_user).count() == 1
    for person in (manager, owner):
        assert not AuditEntry.objects.visible_to(person).exists()


def test_what_means_nothing_here_is_not_in_the_index(admin_user: User) -> None:
    page = SignedIn(admin_user).get("/admin/").content.decode()
    assert "/admin/auth/group/" not in page
    assert "/admin/account/emailaddress/" not in page
    assert "/admin/notifications/auditentry/" in page


def test_a_reset_link_asked_for_before_the_lock_out_is_not_sent(
    admin_user: User, owner: User, smtp: SmtpServer
) -> None:
    request_password_reset(email=owner.email, language="en")
    lock_out(user=owner, by=admin_user)
    assert send_due() == 0
