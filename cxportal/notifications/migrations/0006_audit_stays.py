"""Audit rows are never changed or deleted, and what Django's admin logs becomes one of them: held by the database."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION notifications_audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit is never changed or deleted' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON notifications_auditentry
  FOR EACH ROW EXECUTE FUNCTION notifications_audit_stays();

CREATE FUNCTION notifications_audit_of_admin() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  kind text;
  person bigint;
BEGIN
  SELECT app_label || '.' || model INTO kind FROM django_content_type WHERE id = NEW.content_type_id;
  IF kind = 'clients.user' THEN
    person := NEW.object_id::bigint;
  END IF;
  INSERT INTO notifications_auditentry
    (what, at, actor_id, actor_name, person_id, person_name, thing, reason, address, data)
  VALUES (
    CASE NEW.action_flag WHEN 1 THEN 'admin.added' WHEN 2 THEN 'admin.changed' ELSE 'admin.deleted' END,
    NEW.action_time,
    NEW.user_id,
    coalesce((SELECT left(name || ' <' || email || '>', 300) FROM clients_user WHERE id = NEW.user_id), ''),
    person,
    coalesce((SELECT left(name || ' <' || email || '>', 300) FROM clients_user WHERE id = person), ''),
    left(coalesce(kind, '') || ' ' || NEW.object_repr, 300),
    '',
    nullif(current_setting('cxportal.address', true), '')::inet,
    jsonb_build_object('model', kind, 'id', NEW.object_id, 'change', NEW.change_message)
  );
  RETURN NULL;
END $$;
CREATE TRIGGER audit_of_admin AFTER INSERT ON django_admin_log
  FOR EACH ROW EXECUTE FUNCTION notifications_audit_of_admin();
"""

BACKWARD = """
DROP TRIGGER audit_of_admin ON django_admin_log;
DROP FUNCTION notifications_audit_of_admin();
DROP TRIGGER audit_stays ON notifications_auditentry;
DROP FUNCTION notifications_audit_stays();
"""


class Migration(migrations.Migration):
    reviewed_for_upgrades = (
        "triggers on a table that the version before does not know, and a copy of what it logs"
    )

    dependencies = [
        ("notifications", "0005_audit"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("clients", "0003_staff_or_contact"),
    ]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
