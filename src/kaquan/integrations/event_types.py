"""Which events there are. Names are for ever; new ones may be added at any time.

``OPTIONAL`` types are sent only to those who name them; everyone else gets all the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class EventText(NamedTuple):
    """What an event says, in words."""

    zh: str
    en: str


EVENT_TYPES: Mapping[str, EventText] = {
    "voucher.claimed": EventText("客户领取了券", "a customer claimed a voucher"),
    "voucher.assigned": EventText("发行方把券给了客户", "the issuer gave a voucher to a customer"),
    "voucher.sold": EventText("券已售出", "a voucher was sold"),
    "voucher.topped_up": EventText("储值卡已充值", "money went onto a prepaid card"),
    "voucher.redeemed": EventText("券已核销", "a voucher was used on an order"),
    "voucher.held": EventText("券已预占", "a use was reserved"),
    "voucher.released": EventText("预占已释放", "a reserved use was given back"),
    "voucher.reversed": EventText("核销已全部或部分撤销", "a use was undone, wholly or in part"),
    "voucher.transferred": EventText("券已转赠", "a voucher was passed on"),
    "voucher.extended": EventText("券已延期", "a voucher lives longer"),
    "voucher.frozen": EventText("券已冻结", "a voucher was stopped for the time being"),
    "voucher.unfrozen": EventText("券已解冻", "a frozen voucher goes on"),
    "voucher.voided": EventText("券已作废", "a voucher was ended for good"),
    "voucher.expired": EventText("券已过期", "a voucher's time was over"),
    "voucher.adjusted": EventText(
        "余额或次数已调整", "a balance or a number of uses was corrected"
    ),
    "voucher.loss_booked": EventText(
        "离线核销冲突，已记损失", "a loss was booked: used without a network, and good no more"
    ),
    "voucher.redemption_refused": EventText("核销被拒绝", "a use was refused"),
    "batch.defined": EventText("批次已建立", "a batch was opened"),
    "batch.minted": EventText("批次已制券", "vouchers were added to a batch"),
    "batch.activated": EventText("批次中一段券已激活", "a range of vouchers went live"),
    "batch.allotted": EventText("批次中一段券已调拨", "a range of vouchers changed custody"),
    "batch.pieces_moved": EventText("批次中一段纸券有保管变动", "paper of a batch changed custody"),
    "batch.terms_improved": EventText(
        "批次已发出的券改用更优规则", "better terms for the vouchers of a batch"
    ),
    "batch.paused": EventText("批次已暂停", "a batch was paused"),
    "batch.resumed": EventText("批次已恢复", "a batch goes on"),
    "batch.stopped": EventText("批次已停止发放", "a batch issues nothing more"),
    "budget.opened": EventText("预算已开立", "a budget was opened"),
    "budget.changed": EventText("预算总额已变更", "a budget's total was changed"),
}

#: What a test of a webhook sends; it never comes from the books.
TEST_TYPE = "webhook.test"

OPTIONAL = frozenset({"voucher.redemption_refused"})
DEFAULT_TYPES = frozenset(EVENT_TYPES) - OPTIONAL
