"""Errors that an operator reads: a stable code, one sentence in each language, an exit code."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command line program ends with; numbers above 60 are those of `sysexits.h`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNAVAILABLE = 69
    PERMISSION_DENIED = 77
    CONFIGURATION = 78


class KaquanError(Exception):
    """Something the operator can mend; the text says how. Never used for refusals of commands."""

    def __init__(
        self, code: str, *, zh: str, en: str, exit_code: ExitCode = ExitCode.FAILED
    ) -> None:
        super().__init__(f"{zh}\n{en}")
        self.code = code
        self.zh = zh
        self.en = en
        self.exit_code = exit_code
