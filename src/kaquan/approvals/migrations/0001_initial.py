import django.db.models.deletion
from django.db import migrations, models

#: The asker that a decision names is the one of its request, so that the check below it means
#: something; and what was decided stays as it was decided.
_HOLD_DECISIONS = """
ALTER TABLE approvals_decision ADD CONSTRAINT approvals_decision_asker
    FOREIGN KEY (request_id, asked_by) REFERENCES approvals_request (id, asked_by);
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'kaquan_app') THEN
        REVOKE UPDATE, DELETE ON approvals_decision FROM kaquan_app;
        REVOKE DELETE ON approvals_request FROM kaquan_app;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [("organisations", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ApprovalRule",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=64)),
                ("from_amount_fen", models.BigIntegerField(default=0)),
                ("levels", models.JSONField()),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
            ],
            options={
                "db_table": "approvals_rule",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "organisation", "from_amount_fen"),
                        nulls_distinct=False,
                        name="approvals_rule_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("from_amount_fen__gte", 0)),
                        name="approvals_rule_amount",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApprovalRequest",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=64)),
                ("subject_kind", models.CharField(max_length=32)),
                ("subject_id", models.BigIntegerField()),
                ("title", models.CharField(max_length=200)),
                ("amount_fen", models.BigIntegerField()),
                ("content", models.JSONField()),
                ("content_hash", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "待审批"),
                            ("approved", "已同意"),
                            ("rejected", "已驳回"),
                            ("changes_requested", "退回修改"),
                            ("withdrawn", "已撤回"),
                        ],
                        default="open",
                        max_length=20,
                    ),
                ),
                ("levels", models.JSONField()),
                ("level", models.SmallIntegerField(default=0)),
                ("waits_role", models.CharField(blank=True, max_length=64)),
                ("revision", models.IntegerField(default=1)),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.CharField(max_length=100)),
                ("asked_by_name", models.CharField(max_length=200)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
                (
                    "waits_at",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                    ),
                ),
            ],
            options={
                "db_table": "approvals_request",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["id"],
                        name="approvals_request_open",
                    ),
                    models.Index(fields=["asked_by", "id"], name="approvals_request_by"),
                    models.Index(
                        fields=["subject_kind", "subject_id", "id"],
                        name="approvals_request_subject",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("kind", "subject_kind", "subject_id"),
                        name="approvals_request_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ["open", "approved", "rejected", "changes_requested", "withdrawn"],
                            )
                        ),
                        name="approvals_request_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state", "open")),
                            models.Q(
                                models.Q(("state", "open"), _negated=True),
                                ("ended_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="approvals_request_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_fen__gte", 0)),
                        name="approvals_request_amount",
                    ),
                    models.UniqueConstraint(
                        fields=("id", "asked_by"), name="approvals_request_asker"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApprovalDecision",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("level", models.SmallIntegerField()),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("approve", "同意"),
                            ("reject", "驳回"),
                            ("request_changes", "退回修改"),
                        ],
                        max_length=20,
                    ),
                ),
                ("comment", models.CharField(blank=True, max_length=1000)),
                ("at", models.DateTimeField()),
                ("decided_by", models.CharField(max_length=100)),
                ("decided_by_name", models.CharField(max_length=200)),
                ("asked_by", models.CharField(max_length=100)),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="approvals.approvalrequest",
                    ),
                ),
            ],
            options={
                "db_table": "approvals_decision",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("request", "level"), name="approvals_decision_level"
                    ),
                    models.UniqueConstraint(
                        fields=("request", "decided_by"), name="approvals_decision_person"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("decided_by", models.F("asked_by")), _negated=True),
                        name="approvals_decision_of_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("verdict__in", ["approve", "reject", "request_changes"])
                        ),
                        name="approvals_decision_verdict",
                    ),
                ],
            },
        ),
        migrations.RunSQL(_HOLD_DECISIONS, migrations.RunSQL.noop),
    ]
