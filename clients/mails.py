"""The mails about a person's own account. What they say is in templates/mail/account/."""

from __future__ import annotations

import datetime as dt

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from clients.models import User
from cxportal.notifications.mail import MailKind, Rendered, register
from cxportal.notifications.models import OutgoingMail
from cxportal.notifications.rendering import absolute, render_mail


def _render_password_reset(mail: OutgoingMail) -> Rendered:
    user = User.objects.active().get(email__iexact=mail.to)
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)},
    )
    return render_mail(
        "mail/account/password_reset",
        {"user": user, "link": absolute(path), "hours": settings.PASSWORD_RESET_TIMEOUT // 3600},
        subject=_("Set a new password"),
        language=user.language,
        zone=user.zone(),
    )


def _nobody_to_reset(mail: OutgoingMail) -> str:
    if User.objects.active().filter(email__iexact=mail.to).exists():
        return ""
    return gettext_noop("nobody who may sign in has this address")


# Queued for any address somebody asks for, known or not: only the worker looks whether there is an account. The
# link is made when the mail is sent, and neither it nor the text is kept.
PASSWORD_RESET = register(
    MailKind(
        "account.password_reset", render=_render_password_reset, why_not=_nobody_to_reset, is_secret=True
    )
)


def _render_password_changed(mail: OutgoingMail) -> Rendered:
    assert mail.recipient is not None  # why_not looked
    return render_mail(
        "mail/account/password_changed",
        {
            "user": mail.recipient,
            "at": dt.datetime.fromisoformat(mail.data["at"]),
            "zone": mail.recipient.time_zone,
            "link": absolute(reverse("account_reset_password")),
        },
        subject=_("Your password was changed"),
        language=mail.recipient.language,
        zone=mail.recipient.zone(),
    )


def _may_not_sign_in(mail: OutgoingMail) -> str:
    if mail.recipient and mail.recipient.is_active:
        return ""
    return gettext_noop("may not sign in any more")


PASSWORD_CHANGED = register(
    MailKind("account.password_changed", render=_render_password_changed, why_not=_may_not_sign_in)
)


def _render_address_changed(mail: OutgoingMail) -> Rendered:
    assert mail.recipient is not None  # why_not looked
    return render_mail(
        "mail/account/address_changed",
        {
            "user": mail.recipient,
            "old": mail.data["old"],
            "at": dt.datetime.fromisoformat(mail.data["at"]),
            "zone": mail.recipient.time_zone,
        },
        subject=_("Your address was changed"),
        language=mail.recipient.language,
        zone=mail.recipient.zone(),
    )


def _is_nobody(mail: OutgoingMail) -> str:
    return "" if mail.recipient else gettext_noop("the person does not exist any more")


# To the address a person had until now. It does not name the new one: who reads the old one may be somebody else.
ADDRESS_CHANGED = register(
    MailKind("account.address_changed", render=_render_address_changed, why_not=_is_nobody)
)
