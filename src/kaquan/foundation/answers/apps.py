"""The kept answers as a Django application."""

from django.apps import AppConfig


class AnswersConfig(AppConfig):
    """The kept answers."""

    name = "kaquan.foundation.answers"
    label = "answers"
    verbose_name = "请求答复 · Answers to requests"
