"""Answers that are kept for ever."""

from django.db import models

from kaquan.foundation.encrypted_fields import EncryptedTextField


class KeptAnswer(models.Model):
    """What one request was answered. Its scope is client × operation.

    The body is sealed, for it may hold what is shown to its caller alone, such as a new API key;
    of the request only a keyed hash is kept.
    """

    id = models.BigAutoField(primary_key=True)
    client_id = models.BigIntegerField()
    operation = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    content_index = models.BinaryField()
    status = models.SmallIntegerField()
    media_type = models.CharField(max_length=100)
    body = EncryptedTextField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "answers_kept_answer"
        constraints = (
            models.UniqueConstraint(
                fields=["client_id", "operation", "key"], name="answers_kept_answer_request"
            ),
            models.CheckConstraint(
                condition=models.Q(status__gte=200, status__lt=500),
                name="answers_kept_answer_status",
            ),
        )
