"""Passwords: hashed with Argon2id, checked for strength, made up where nobody chose one."""

from __future__ import annotations

import secrets

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import translation

from kaquan.staff.errors import password_too_weak
from kaquan.staff.models import StaffUser

TEMPORARY_CHARACTERS = 16
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another


class Argon2idHasher(Argon2PasswordHasher):
    """OWASP's second choice of parameters: 46 MiB, so that several people log in at once within the
    server's memory."""

    time_cost = 2
    memory_cost = 46 * 1024
    parallelism = 1


def temporary_password() -> str:
    """79 random bits that someone can read aloud, such as ``k7mp-2wqx-9fhd-ta3v``."""
    characters = "".join(secrets.choice(_ALPHABET) for _ in range(TEMPORARY_CHARACTERS))
    return "-".join(characters[at : at + 4] for at in range(0, TEMPORARY_CHARACTERS, 4))


def set_password(user: StaffUser, password: str) -> None:
    """Give someone a password that they chose, not saved yet; raises `value_invalid`."""
    try:
        validate_password(password, user)
    except ValidationError as weak:
        with translation.override("zh-hans"):
            raise password_too_weak(map(str, weak.messages)) from None
    user.set_password(password)
