"""Nobody is both our staff and a contact: held by the database, whoever writes at the same moment."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION clients_membership_not_staff() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT staff_role FROM clients_user WHERE id = NEW.user_id FOR SHARE) <> '' THEN
    RAISE EXCEPTION 'our staff cannot be a contact of a client' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER membership_not_staff BEFORE INSERT OR UPDATE OF user_id ON clients_membership
  FOR EACH ROW EXECUTE FUNCTION clients_membership_not_staff();

CREATE FUNCTION clients_staff_not_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.staff_role <> '' AND EXISTS (SELECT 1 FROM clients_membership WHERE user_id = NEW.id) THEN
    RAISE EXCEPTION 'a contact of a client cannot be our staff' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER staff_not_member BEFORE UPDATE OF staff_role ON clients_user
  FOR EACH ROW EXECUTE FUNCTION clients_staff_not_member();
"""

BACKWARD = """
DROP TRIGGER staff_not_member ON clients_user;
DROP FUNCTION clients_staff_not_member();
DROP TRIGGER membership_not_staff ON clients_membership;
DROP FUNCTION clients_membership_not_staff();
"""


class Migration(migrations.Migration):
    dependencies = [("clients", "0002_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
