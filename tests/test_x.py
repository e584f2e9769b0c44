def test_trivial(db):
    from django.db import connection
    with connection.cursor() as c:
        c.execute("select 1")
        assert c.fetchone() == (1,)
