"""The words of every answer, in Chinese and English; ``outcome_details`` gives them out."""

from __future__ import annotations

from kaquan.engine.outcome_texts_paper import PAPER_TEXTS
from kaquan.engine.outcome_texts_supply import SUPPLY_TEXTS
from kaquan.engine.outcomes import OutcomeCode as Code

Templates = tuple[str, str]

#: What is no secret: it follows from what the asker typed, or has nothing to do with a voucher.
OPEN = frozenset(
    {
        Code.DONE,
        Code.MALFORMED_COMMAND,
        Code.REQUEST_KEY_REUSED,
        Code.LINKED_COMMAND_FAILED,
        Code.PERMISSION_DENIED,
        Code.CODE_MALFORMED,
        Code.CODE_MISTYPED,
        Code.BUSY,
        Code.UNAVAILABLE,
    }
)

RETRYABLE = frozenset(
    {
        Code.LINKED_COMMAND_FAILED,
        Code.BATCH_PAUSED,
        Code.VOUCHER_NOT_ACTIVATED,
        Code.VOUCHER_NOT_HANDED_OUT,
        Code.VOUCHER_FROZEN,
        Code.VOUCHER_NOT_YET_VALID,
        Code.VOUCHER_HELD,
        Code.VOUCHER_NOT_ISSUED,
        Code.NOT_EXPIRED_YET,
        Code.WRONG_WEEKDAY,
        Code.OUTSIDE_DAILY_WINDOW,
        Code.EXCLUDED_DATE,
        Code.STOCK_EXHAUSTED,
        Code.BUDGET_EXHAUSTED,
        Code.BUSY,
        Code.UNAVAILABLE,
    }
)

#: What is wrong, and (filled from the data) what would help.
TEXTS: dict[Code, tuple[Templates, Templates]] = {
    **PAPER_TEXTS,
    **SUPPLY_TEXTS,
    Code.DONE: (("已完成", "Done"), ("", "")),
    Code.MALFORMED_COMMAND: (
        (
            "请求内容有误，请更正后再提交",
            "The request does not make sense: correct it and send it again",
        ),
        ("请检查字段 {field}", "check the field {field}"),
    ),
    Code.REQUEST_KEY_REUSED: (
        (
            "该请求号已用于另一笔内容不同的请求，请换新的请求号",
            "This request key stands for a different request: use a new key",
        ),
        ("", ""),
    ),
    Code.LINKED_COMMAND_FAILED: (
        (
            "同组的另一项未能完成，本项也未执行，请先处理那一项",
            "Another command of its group failed, so this one did not happen: see that one first",
        ),
        ("", ""),
    ),
    Code.PERMISSION_DENIED: (
        ("没有执行此操作的权限，请联系管理员", "You may not do this: ask an administrator"),
        ("", ""),
    ),
    Code.CODE_MALFORMED: (
        (
            "券码格式不正确，应为 20 位字母和数字",
            "This is not a code: a code has 20 letters and digits",
        ),
        ("", ""),
    ),
    Code.CODE_MISTYPED: (
        ("券码输入有误，请核对后重新输入", "The code is mistyped: compare it and type it again"),
        ("", ""),
    ),
    Code.CODE_FORGED: (
        ("券码不是本系统签发的，请勿受理", "The code was not issued here: do not accept it"),
        ("", ""),
    ),
    Code.CODE_PASSED_ON: (
        (
            "此码已随转赠失效，请出示新券码",
            "This code ended when the voucher was passed on: show the new one",
        ),
        ("", ""),
    ),
    Code.VOUCHER_UNKNOWN: (
        ("没有可用的券，请核对券码", "There is no such voucher to use: check the code"),
        ("", ""),
    ),
    Code.VOUCHER_NOT_YOURS: (
        (
            "这张券属于另一位客户，请由持券人本人使用",
            "The voucher belongs to another customer: its holder must use it",
        ),
        ("", ""),
    ),
    Code.BATCH_UNKNOWN: (
        ("没有这个批次，请核对编号", "There is no such batch: check its number"),
        ("", ""),
    ),
    Code.REDEMPTION_UNKNOWN: (
        ("没有这笔核销记录，请核对编号", "There is no such redemption: check its number"),
        ("", ""),
    ),
    Code.HOLD_UNKNOWN: (
        ("没有这笔预占，请核对编号", "There is no such hold: check its number"),
        ("", ""),
    ),
    Code.BATCH_PAUSED: (
        ("该批次已暂停，请等待恢复", "The batch is paused: wait until it goes on"),
        ("", ""),
    ),
    Code.BATCH_STOPPED: (
        ("该批次已停止发放，请选择其他批次", "The batch is stopped: choose another one"),
        ("", ""),
    ),
    Code.VOUCHER_NOT_ACTIVATED: (
        (
            "这张券尚未激活，请联系发券门店",
            "The voucher is not activated yet: ask where it came from",
        ),
        ("", ""),
    ),
    Code.VOUCHER_VOID: (
        ("这张券已作废，不能再用", "The voucher is void: it cannot be used again"),
        ("", ""),
    ),
    Code.VOUCHER_FROZEN: (
        (
            "这张券已冻结，请联系客服核实",
            "The voucher is frozen: ask customer service to look into it",
        ),
        ("", ""),
    ),
    Code.VOUCHER_EXPIRED: (
        ("这张券已过期，请换一张券", "The voucher has expired: use another one"),
        ("有效期至 {valid_until}", "it was good until {valid_until}"),
    ),
    Code.VOUCHER_NOT_YET_VALID: (
        ("这张券还没到使用时间，请到时再用", "The voucher is not good yet: use it later"),
        ("{valid_from} 起可用", "it is good from {valid_from}"),
    ),
    Code.VOUCHER_USED: (
        ("这张券已使用，请换一张券", "The voucher is used up: use another one"),
        ("", ""),
    ),
    Code.VOUCHER_HELD: (
        (
            "这张券正被另一笔订单预占，请先完成或取消那笔订单",
            "The voucher is held for another order: finish or cancel that one first",
        ),
        ("", ""),
    ),
    Code.VOUCHER_NOT_ISSUED: (
        ("这张券尚未售出或领取，请先办理", "The voucher was not sold or claimed: do that first"),
        ("", ""),
    ),
    Code.VOUCHER_ALREADY_ISSUED: (
        ("这张券已有人领取，请换一张", "The voucher is taken already: choose another one"),
        ("", ""),
    ),
    Code.VOUCHER_NOT_FROZEN: (
        ("这张券没有被冻结，无需解冻", "The voucher is not frozen: leave it"),
        ("", ""),
    ),
    Code.COMMAND_NOT_FOR_KIND: (
        (
            "这类券不支持此操作，请核对券种",
            "This kind of voucher has no such operation: check its kind",
        ),
        ("", ""),
    ),
    Code.TRANSFER_FORBIDDEN: (
        (
            "这张券不可转赠，请由现持有人使用",
            "The voucher may not be passed on: its holder must use it",
        ),
        (
            "最多转赠 {limit} 次，已转赠 {used} 次",
            "it may be passed on {limit} times and was {used} times",
        ),
    ),
    Code.NOT_EXPIRED_YET: (
        ("这张券尚未到期，请到期后再办理", "The voucher has not run out: wait until it has"),
        ("有效期至 {valid_until}", "it is good until {valid_until}"),
    ),
    Code.HOLD_EXPIRED: (
        ("预占已超时，请重新下单", "The hold ran out: start the order again"),
        ("", ""),
    ),
    Code.HOLD_SETTLED: (
        ("这笔预占已核销或已释放，请查看原结果", "The hold is settled already: look up its result"),
        ("", ""),
    ),
    Code.ALREADY_REVERSED: (
        ("这笔核销已全部撤销，无需再撤", "The redemption is fully reversed: nothing is left to do"),
        ("", ""),
    ),
    Code.REVERSAL_EXCEEDS_USE: (
        ("撤销超过了可退的部分，请减少后再试", "More is to be reversed than is left: ask for less"),
        ("最多还可退 {left_fen}", "at most {left_fen} is left"),
    ),
    Code.RANGE_NOT_AVAILABLE: (
        (
            "这段序号不可用于此操作，请核对起始号、数量与保管方",
            "These serials cannot be used for this: check their range and who keeps them",
        ),
        ("", ""),
    ),
    Code.WRONG_WEEKDAY: (
        ("今天不在可用星期内，请改日再用", "It is not good on this weekday: come on another day"),
        ("{next_opens_at} 起可用", "it is good from {next_opens_at}"),
    ),
    Code.OUTSIDE_DAILY_WINDOW: (
        ("现在不在可用时段内，请稍后再用", "It is not good at this hour: come later"),
        ("{next_opens_at} 起可用", "it is good from {next_opens_at}"),
    ),
    Code.EXCLUDED_DATE: (
        ("今天是不可用日期，请改日再用", "It is not good on this date: come on another day"),
        ("{next_opens_at} 起可用", "it is good from {next_opens_at}"),
    ),
    Code.WRONG_STORE: (
        (
            "这张券不能在本店使用，请到适用门店",
            "It is not good in this store: go to one that takes it",
        ),
        ("", ""),
    ),
    Code.WRONG_CHANNEL: (
        ("这张券不能在此渠道使用，请换渠道", "It is not good in this channel: use another one"),
        ("可用渠道：{channels}", "it is good in: {channels}"),
    ),
    Code.WRONG_TERMINAL: (
        (
            "这张券不能在此类终端使用，请换终端",
            "It is not good on this kind of terminal: use another",
        ),
        ("可用终端：{terminal_kinds}", "it is good on: {terminal_kinds}"),
    ),
    Code.CUSTOMER_REQUIRED: (
        ("需要知道是哪位客户，请先识别客户", "The customer must be known: identify them first"),
        ("", ""),
    ),
    Code.CUSTOMER_NOT_TARGETED: (
        (
            "这张券不面向该客户，请换一张券",
            "The voucher is not meant for this customer: use another one",
        ),
        ("", ""),
    ),
    Code.FIRST_ORDER_ONLY: (
        (
            "这张券仅限首单使用，请换一张券",
            "The voucher is for a first order only: use another one",
        ),
        ("", ""),
    ),
    Code.ORDER_REQUIRED: (
        ("需要订单明细，请连同商品行提交", "The order must be known: send it with its lines"),
        ("", ""),
    ),
    Code.PRODUCTS_NOT_ELIGIBLE: (
        ("订单商品不符合使用条件，请调整商品", "The order's goods do not fit: change them"),
        ("可用商品：{wanted}", "it is good for: {wanted}"),
    ),
    Code.ORDER_BELOW_MINIMUM: (
        ("订单金额未达使用门槛，请加购", "The order is below the minimum: add to it"),
        ("还差 {shortfall_fen}", "{shortfall_fen} more is needed"),
    ),
    Code.STACKING_FORBIDDEN: (
        (
            "这些券不能同享，请去掉其中一张",
            "These vouchers may not be used together: leave one out",
        ),
        ("", ""),
    ),
    Code.TOO_MANY_VOUCHERS: (
        ("一笔订单用券太多，请减少张数", "Too many vouchers on one order: use fewer"),
        ("最多 {vouchers_most} 张", "at most {vouchers_most}"),
    ),
    Code.NO_BENEFIT: (
        ("用这张券没有优惠，请留到下次", "It would take nothing off: keep it for another time"),
        ("", ""),
    ),
    Code.AMOUNT_NOT_ALLOWED: (
        ("金额或次数不在允许范围内，请更改", "The amount or number is not allowed: change it"),
        ("应在 {minimum_fen} 到 {maximum_fen} 之间", "from {minimum_fen} to {maximum_fen}"),
    ),
    Code.BETTER_WITHOUT: (
        (
            "不用这张券更划算，请留到下次",
            "The order is cheaper without it: keep it for another time",
        ),
        ("", ""),
    ),
    Code.LIMIT_PER_CUSTOMER: (
        (
            "该客户已达限额，不能再领或再用",
            "This customer has reached the limit: no more is possible",
        ),
        ("限 {limit} 次，已用 {used} 次", "the limit is {limit}, used are {used}"),
    ),
    Code.LIMIT_PER_PERSON: (
        ("此人已达限额，不能再领或再用", "This person has reached the limit: no more is possible"),
        ("限 {limit} 次，已用 {used} 次", "the limit is {limit}, used are {used}"),
    ),
    Code.LIMIT_PER_STORE: (
        ("本店已达限额，请到其他门店", "This store has reached the limit: go to another one"),
        ("限 {limit} 次，已用 {used} 次", "the limit is {limit}, used are {used}"),
    ),
    Code.LIMIT_PER_CHANNEL: (
        ("该渠道已达限额，请换其他渠道", "This channel has reached the limit: use another one"),
        ("限 {limit} 次，已用 {used} 次", "the limit is {limit}, used are {used}"),
    ),
    Code.LIMIT_PER_BATCH: (
        ("该批次已达限额，请换一张券", "The batch has reached its limit: use another voucher"),
        ("限 {limit} 次，已用 {used} 次", "the limit is {limit}, used are {used}"),
    ),
    Code.STOCK_EXHAUSTED: (
        ("券已领完，请关注下一批", "All vouchers are taken: watch for the next batch"),
        ("", ""),
    ),
    Code.BUDGET_EXHAUSTED: (
        (
            "预算不足，请联系活动负责人",
            "The budget does not suffice: ask whoever runs the campaign",
        ),
        ("还差 {shortfall_fen}", "{shortfall_fen} is missing"),
    ),
    Code.BALANCE_INSUFFICIENT: (
        ("余额不足，请减少金额或充值", "The balance does not suffice: take less, or top up"),
        (
            "余额 {balance_fen}，还差 {shortfall_fen}",
            "it is {balance_fen}, {shortfall_fen} is missing",
        ),
    ),
    Code.USES_INSUFFICIENT: (
        ("剩余次数不足，请减少次数", "Too few uses are left: ask for fewer"),
        ("剩余 {uses_left} 次", "{uses_left} are left"),
    ),
    Code.BUSY: (
        ("系统繁忙，请用同一请求号重试", "The system is busy: try again with the same request key"),
        ("", ""),
    ),
    Code.UNAVAILABLE: (
        (
            "暂时无法确认结果，请用同一请求号重试",
            "The result is not known for now: try again with the same request key",
        ),
        ("", ""),
    ),
}

_LIMIT_IN_FEN = (
    ("限 {limit_fen}，已用 {used_fen}", "the limit is {limit_fen}, used are {used_fen}"),
)

#: Where the numbers of a refusal come in several shapes: the first that the data can fill is taken.
OTHER_REMEDIES: dict[Code, tuple[Templates, ...]] = {
    Code.REVERSAL_EXCEEDS_USE: (
        ("最多还可退 {units_left} 件", "at most {units_left} units are left"),
    ),
    Code.PRODUCTS_NOT_ELIGIBLE: (
        ("缺少：{missing}", "missing: {missing}"),
        ("不能包含：{forbidden}", "it must not hold: {forbidden}"),
        ("还差 {units_missing} 件", "{units_missing} more units are needed"),
    ),
    Code.AMOUNT_NOT_ALLOWED: (
        ("最多 {maximum_fen}", "at most {maximum_fen}"),
        ("最多 {payable_fen}", "at most {payable_fen}"),
        ("最多 {uses_possible} 次", "at most {uses_possible} uses"),
    ),
    **dict.fromkeys(
        [code for code in Code if code.name.startswith("LIMIT_PER_")],
        (("限 {limit_fen}，已用 {used_fen}", "the limit is {limit_fen}, used are {used_fen}"),),
    ),
}
