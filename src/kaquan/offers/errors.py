"""What can go wrong with offers."""

from collections.abc import Sequence

from kaquan.engine.rules.faults import TermsFault
from kaquan.foundation.errors import ExitCode, KaquanError


def offer_unknown(wanted: int | str) -> KaquanError:
    """There is none, or not in the actor's part of the organisation."""
    return KaquanError(
        "offer_unknown",
        zh=f"没有券模板“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no offer "{wanted}", or not in your part of the organisation.',
    )


def offer_exists(code: str) -> KaquanError:
    """The code is taken."""
    return KaquanError(
        "offer_exists",
        zh=f"券模板编码“{code}”已存在；请换一个，或为原模板发布新版本。",
        en=f'The offer code "{code}" is taken; choose another or publish a new version of it.',
    )


def terms_invalid(faults: Sequence[TermsFault]) -> KaquanError:
    """All that is wrong with the terms, line by line."""
    return KaquanError(
        "terms_invalid",
        zh="条款有误：\n" + "\n".join(f"- {fault.path or '整体'}：{fault.zh}" for fault in faults),
        en="The terms are not right:\n"
        + "\n".join(f"- {fault.path or 'as a whole'}: {fault.en}" for fault in faults),
        exit_code=ExitCode.USAGE,
    )
