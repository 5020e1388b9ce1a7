"""Bringing in customers. Names and phones are sealed before they reach the database."""

from datetime import date
from typing import Any

from django.db.backends.utils import CursorWrapper

from kaquan.customers.actions import (
    PERMISSION,
    read_birthday,
    read_id_document,
    read_name,
    read_number,
    read_tags,
)
from kaquan.customers.finders import finders_of
from kaquan.customers.models import Customer, PersonBasis
from kaquan.customers.persons import person_of
from kaquan.customers.phones import read_phone
from kaquan.foundation import clock
from kaquan.foundation import imports_cells as cells
from kaquan.foundation.actor import Actor
from kaquan.foundation.changes.actions import record_change
from kaquan.foundation.encrypted_fields import blind_index, seal
from kaquan.foundation.ids import draw_ids
from kaquan.foundation.imports import Column, ImportPlan, ImportRow, refusal
from kaquan.foundation.imports_cells import Reason
from kaquan.foundation.imports_problems import Problem
from kaquan.foundation.imports_staging import Staging, staged
from kaquan.organisations.queries import own_organisation_id, store_ids, within

STORE_UNKNOWN = Reason(
    "store_unknown",
    "没有这家门店，或不在您的管辖范围内；请先导入门店",
    "there is no such store, or not in your part of the organisation; import the stores first",
)
NOT_YOURS = Reason(
    "customer_not_yours",
    "该会员号属于您管辖范围之外的客户",
    "the number belongs to a customer outside your part of the organisation",
)
_TABLE = Customer._meta.db_table
_NUMBER = Column(
    "number",
    "会员号",
    read_number,
    required=True,
    also=("customer_number", "customer_id", "会员编号"),
)
_STORE_CODE = Column("store_code", "归属门店", cells.code(200), also=("门店编码",))
_COLUMNS = (
    _NUMBER,
    Column("name", "姓名", read_name, also=("customer_name",), sensitive=True),
    Column("phone", "手机号", read_phone, also=("手机", "电话", "mobile"), sensitive=True),
    Column("id_document", "证件号", read_id_document, also=("身份证号",), sensitive=True),
    _STORE_CODE,
    Column("tags", "标签", read_tags),
    Column("birthday", "生日", read_birthday, also=("出生日期",), sensitive=True),
    Column("joined_at", "入会时间", cells.moment, also=("入会日期", "注册时间", "member_since")),
)
_STAGED = (
    ("id", "bigint"),
    ("number", "text"),
    ("organisation_id", "integer"),
    ("name", "bytea"),
    ("phone", "bytea"),
    ("phone_index", "bytea"),
    ("finders", "bigint[]"),
    ("person_id", "bigint"),
    ("person_basis", "smallint"),
    ("tags", "text[]"),
    ("birthday", "bytea"),
    ("birth_month", "smallint"),
    ("joined_at", "timestamptz"),
    ("verdict", "text"),
)


def _resolve(rows: list[ImportRow], *, actor: Actor, commit: bool) -> list[Problem]:
    """Judge each row against the customer that it names, and seal what is to be written.

    Sealed values cannot be compared in the database, for equal texts do not look equal there.
    """
    stores = store_ids(actor, {row["store_code"] for row in rows if row["store_code"]})
    numbers = [row["number"] for row in rows]
    found = Customer.objects.filter(number__in=numbers).order_by("id")
    if commit:
        found = found.select_for_update()  # what is compared now is still so when it is written
    known = {customer.number: customer for customer in found}
    visible = set(
        within(actor, Customer.objects.filter(number__in=numbers), "organisation").values_list(
            "number", flat=True
        )
    )
    new_ids = draw_ids(Customer, len(rows) - len(known)) if commit else iter(())
    problems = []
    sound = []
    for row in rows:
        customer = known.get(row["number"])
        if row["store_code"] and row["store_code"] not in stores:
            refused = refusal(row["row_number"], _STORE_CODE, row["store_code"], STORE_UNKNOWN)
            problems.append(refused)
        elif customer is not None and row["number"] not in visible:
            problems.append(refusal(row["row_number"], _NUMBER, row["number"], NOT_YOURS))
        else:
            row["organisation_id"] = stores.get(row["store_code"])
            if customer is None:
                row["organisation_id"] = row["organisation_id"] or own_organisation_id(actor)
            merged = _merged(row, customer)
            merged["id"] = customer.id if customer else next(new_ids, None)
            sound.append(_sealed(merged) if commit else merged | _NOTHING_SEALED)
    rows[:] = sound
    return problems


def _merged(row: ImportRow, customer: Customer | None) -> ImportRow:
    """The customer as it will be: what a row leaves empty stays as it is."""
    person = person_of(number=row["number"], phone=row["phone"], id_document=row["id_document"])
    merged = {
        "row_number": row["row_number"],
        "number": row["number"],
        "organisation_id": row["organisation_id"],
        "name": row["name"],
        "phone": row["phone"],
        "person_id": person.person_id,
        "person_basis": int(person.basis),
        "tags": sorted(set(row["tags"] or ())),
        "birthday": row["birthday"].isoformat() if row["birthday"] else None,
        "joined_at": row["joined_at"] or clock.now(),
        "verdict": "new",
    }
    if customer is None:
        return merged
    known: dict[str, Any] = {name: getattr(customer, name) for name in _KEPT}
    for name in ("organisation_id", "name", "phone", "birthday"):
        merged[name] = merged[name] or known[name]
    if row["joined_at"] is None:
        merged["joined_at"] = known["joined_at"]
    if row["tags"] is None:
        merged["tags"] = known["tags"]
    # A new phone does not make a new person, or limits per person would end with it.
    if person.basis != PersonBasis.DOCUMENT and person.basis <= customer.person_basis:
        merged |= {"person_id": customer.person_id, "person_basis": customer.person_basis}
    same = all(merged[name] == known[name] for name in _KEPT)
    return merged | {"verdict": "unchanged" if same else "changed"}


_KEPT = (
    *("organisation_id", "name", "phone", "person_id", "person_basis", "tags"),
    *("birthday", "joined_at"),
)
_NOTHING_SEALED: dict[str, Any] = {
    "name": None,
    "phone": None,
    "phone_index": None,
    "finders": [],
    "birthday": None,
    "birth_month": None,
}


def _sealed(row: ImportRow) -> ImportRow:
    """The row as it may be stored; what does not change need not be stored."""
    if row["verdict"] == "unchanged":
        return row | _NOTHING_SEALED
    phone, birthday = row["phone"], row["birthday"]
    place = {"table": _TABLE, "row_id": row["id"]}
    return row | {
        "name": None if row["name"] is None else seal(row["name"], column="name", **place),
        "phone": None if phone is None else seal(phone, column="phone", **place),
        "phone_index": None if phone is None else blind_index("phone", phone),
        "finders": finders_of(name=row["name"], phone=phone),
        "birthday": None if birthday is None else seal(birthday, column="birthday", **place),
        "birth_month": None if birthday is None else date.fromisoformat(birthday).month,
    }


def _write(cursor: CursorWrapper, actor: Actor) -> None:
    for statement in _WRITE:
        cursor.execute(statement)
    cursor.execute("SELECT verdict, count(*) FROM judged WHERE verdict <> 'unchanged' GROUP BY 1")
    counts = {"new": 0, "changed": 0} | dict(cursor.fetchall())
    if any(counts.values()):
        record_change(
            actor=actor,
            verb="customers.import",
            kind="customer",
            object_id="",
            object_name="导入",
            organisation_path=actor.organisation_path,
            before=None,
            after=counts,
        )


_WRITE = (
    """
    INSERT INTO customers_customer
      (id, number, organisation_id, name, phone, phone_index, finders, person_id, person_basis,
       tags, birthday, birth_month, joined_at)
    SELECT
      id, number, organisation_id, name, phone, phone_index, finders, person_id, person_basis,
      tags, birthday, birth_month, joined_at
    FROM judged WHERE verdict = 'new' ORDER BY id
    """,
    """
    UPDATE customers_customer AS customer
    SET organisation_id = judged.organisation_id, name = judged.name, phone = judged.phone,
      phone_index = judged.phone_index, finders = judged.finders, person_id = judged.person_id,
      person_basis = judged.person_basis, tags = judged.tags, birthday = judged.birthday,
      birth_month = judged.birth_month, joined_at = judged.joined_at
    FROM judged WHERE judged.verdict = 'changed' AND customer.id = judged.id
    """,
)

CUSTOMERS = ImportPlan(
    kind="customers",
    zh="客户",
    en="customers",
    permission=PERMISSION,
    columns=_COLUMNS,
    open_intake=staged(
        Staging(
            columns=_STAGED,
            key=("number",),
            resolve=_resolve,
            judge="SELECT * FROM staged",
            write=_write,
        )
    ),
)
