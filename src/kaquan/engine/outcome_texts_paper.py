"""The words of answers about paper; ``outcome_texts`` has those of all others."""

from __future__ import annotations

from kaquan.engine.outcomes import OutcomeCode as Code

PAPER_TEXTS: dict[Code, tuple[tuple[str, str], tuple[str, str]]] = {
    Code.VOUCHER_NOT_HANDED_OUT: (
        (
            "这张纸券尚未由门店发出，请先办理发放",
            "The paper voucher was not handed out by a store: hand it out first",
        ),
        ("", ""),
    ),
    Code.VOUCHER_LOST: (
        (
            "这张纸券已登记遗失，请扣下并通知总部",
            "The paper voucher is reported lost: keep it and tell the head office",
        ),
        ("", ""),
    ),
    Code.VOUCHER_SPOILED: (
        (
            "这张纸券已登记作废（破损），请换一张",
            "The paper voucher was taken out as spoiled: use another one",
        ),
        ("", ""),
    ),
    Code.VOUCHER_DESTROYED: (
        (
            "这张纸券已登记销毁，请扣下并通知总部",
            "The paper voucher is booked as destroyed: keep it and tell the head office",
        ),
        ("", ""),
    ),
    Code.PIECES_ELSEWHERE: (
        (
            "这段纸券不都在该处或不能这样办理，请核对序号和保管记录",
            "Not all of these pieces are there, or may not go that way: check serials and custody",
        ),
        ("从序号 {first_serial} 起不符", "the first that differs is serial {first_serial}"),
    ),
}
