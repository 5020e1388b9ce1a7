"""What can be wrong with printing."""

from __future__ import annotations

from kaquan.foundation.errors import KaquanError


def face_unknown(face_id: int) -> KaquanError:
    """There is no such kind of paper voucher, or not for this actor."""
    return KaquanError(
        "print_face_unknown",
        zh=f"没有纸券版式 {face_id}；请从列表选择。",
        en=f"There is no paper layout {face_id}; choose one of the list.",
    )


def run_unknown(run_id: int) -> KaquanError:
    """There is no such run, or not for this actor."""
    return KaquanError(
        "print_run_unknown",
        zh=f"没有印制单 {run_id}；请从列表选择。",
        en=f"There is no print run {run_id}; choose one of the list.",
    )


def layout_invalid(zh: str, en: str) -> KaquanError:
    """A layout that cannot be printed."""
    return KaquanError(
        "print_layout_invalid", zh=f"版式有误：{zh}。", en=f"The layout cannot be printed: {en}."
    )


def image_invalid() -> KaquanError:
    """A file that is no picture of ours."""
    return KaquanError(
        "print_image_invalid",
        zh="图片须为 1 MB 以内的 PNG 或 JPEG；请换一张。",
        en="The image must be a PNG or JPEG of at most 1 MB; choose another.",
    )


def signing_key_revoked(key_id: int) -> KaquanError:
    """The key of a run's signed codes is believed no more."""
    return KaquanError(
        "print_signing_key_revoked",
        zh=f"此印制单的签名密钥 {key_id} 已吊销，重印的二维码哪里都不认；"
        "已印的券请用券码核销，需要时另下印制单。",
        en=f"The key {key_id} that signed this run was revoked, so nobody would take its QR codes; "
        "use what is printed by its plain codes, and order another run if you need one.",
    )


def glyphs_missing(characters: str) -> KaquanError:
    """Characters that the printed font does not have."""
    return KaquanError(
        "print_glyphs_missing",
        zh=f"印刷字体没有这些字：{characters}。请换用常用字。",
        en=f"The printed font does not have these characters: {characters}. Use common ones.",
    )


def terms_too_long(characters: int, fit: int) -> KaquanError:
    """More terms than there is room for."""
    return KaquanError(
        "print_terms_too_long",
        zh=f"使用规则有 {characters} 字，版面只放得下约 {fit} 字；请双面印制或减少每页张数。",
        en=f"The terms have {characters} characters and there is room for about {fit}: print two "
        "sides, or fewer vouchers a page.",
    )


def not_enough(asked: int, left: int) -> KaquanError:
    """Fewer vouchers than asked are left to be printed."""
    return KaquanError(
        "print_not_enough",
        zh=f"此批次还有 {left:,} 张未印，少于 {asked:,} 张；请减少数量或先增制。",
        en=f"{left:,} vouchers of this batch are not printed yet, fewer than {asked:,}: "
        "ask for fewer, or mint more first.",
    )


def quantity_invalid(most: int) -> KaquanError:
    """A number of pieces that makes no run."""
    return KaquanError(
        "print_quantity_invalid",
        zh=f"每单印制 1 至 {most:,} 张；请分成几单。",
        en=f"A run has 1 to {most:,} vouchers; make several.",
    )
