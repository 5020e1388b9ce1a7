"""Row ids drawn before the rows are written: paths and sealed fields contain them."""

from collections.abc import Iterator

from django.db import connection, models


def draw_ids(model: type[models.Model], count: int) -> Iterator[int]:
    """``count`` ids that no other row of the model has or will have."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, model._meta.pk.column, count],
        )
        return (row[0] for row in cursor.fetchall())
