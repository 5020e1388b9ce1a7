"""What the registration desk refuses."""

from datetime import datetime

from kaquan.engine.money import format_yuan
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.errors import KaquanError


def bundle_unknown(bundle_id: object) -> KaquanError:
    """No such bundle in the actor's part."""
    return KaquanError(
        "bundle_unknown",
        zh=f"没有编号为 {bundle_id} 的一捆。",
        en=f"There is no bundle {bundle_id}.",
    )


def slip_unknown(slip_id: object) -> KaquanError:
    """No such slip in the actor's part."""
    return KaquanError(
        "slip_unknown",
        zh=f"没有编号为 {slip_id} 的券联。",
        en=f"There is no slip {slip_id}.",
    )


def bundle_closed(name: str) -> KaquanError:
    """A closed bundle takes nothing more."""
    return KaquanError(
        "bundle_closed",
        zh=f"“{name}”已封捆，不能再登记；请另开一捆。",
        en=f'"{name}" is closed and takes no more slips; open another bundle.',
    )


def bundle_differs(slips: int, amount_fen: int) -> KaquanError:
    """What was typed is not what was counted: so many more slips and so much more money."""
    zh = [f"{'多' if slips > 0 else '少'} {abs(slips)} 张"] if slips else []
    en = [f"{abs(slips)} slips too {'many' if slips > 0 else 'few'}"] if slips else []
    if amount_fen:
        amount = format_yuan(abs(amount_fen))
        zh.append(f"金额{'多' if amount_fen > 0 else '少'} {amount}")
        en.append(f"{amount} too {'much' if amount_fen > 0 else 'little'}")
    return KaquanError(
        "bundle_differs",
        zh=f"登记的与清点的不符：{'，'.join(zh)}。请核对后再封捆。",
        en=f"What was typed is not what was counted: {', '.join(en)}. Check, then close.",
    )


def bundle_unfinished(number: int) -> KaquanError:
    """Of some slips it is not known whether the ledger has booked them."""
    return KaquanError(
        "bundle_unfinished",
        zh=f"有 {number} 张还没有登记完；请稍后再封捆。",
        en=f"{number} slips are not registered yet; close it in a moment.",
    )


def last_symbols_differ() -> KaquanError:
    """A serial and the end of a code that do not belong together; which is wrong nobody knows."""
    return KaquanError(
        "slip_number_mistyped",
        zh="序号与券码的后 4 位不是同一张券，请核对后重新输入。",
        en="The serial and the last 4 symbols are not of the same voucher; check both.",
    )


def used_outside_window(days: int, earliest: datetime) -> KaquanError:
    """Too long ago, or not yet."""
    day = earliest.astimezone(current_configuration().time_zone).strftime("%Y-%m-%d %H:%M")
    return KaquanError(
        "slip_outside_window",
        zh=f"使用时间应在 {day} 之后、现在之前（最多补登 {days} 天）。",
        en=f"The time of use must lie after {day} and before now ({days} days back at most).",
    )


def used_before_issue(issued_at: datetime) -> KaquanError:
    """Nobody had the voucher then."""
    moment = issued_at.astimezone(current_configuration().time_zone).strftime("%Y-%m-%d %H:%M")
    return KaquanError(
        "slip_before_issue",
        zh=f"使用时间早于发券时间（{moment}），请核对。",
        en=f"The voucher was not given out before {moment}; check the time.",
    )


def slip_reversed() -> KaquanError:
    """It was taken back already."""
    return KaquanError(
        "slip_reversed",
        zh="这张券联已经撤销。",
        en="This slip has been reversed already.",
    )


def slip_not_registered() -> KaquanError:
    """There is nothing to take back yet."""
    return KaquanError(
        "slip_not_registered",
        zh="这张券联还没有登记完，不能撤销。",
        en="This slip is not registered yet, so there is nothing to reverse.",
    )


def row_reversed() -> KaquanError:
    """A row of a table is a slip that was taken back; nobody can tell whether it is meant again."""
    return KaquanError(
        "slip_reversed",
        zh="这一行登记过，后来撤销了；如需重新登记，请在登记台输入。",
        en="This row was registered and reversed; type it at the desk if it is meant again.",
    )


def conversion_unknown() -> KaquanError:
    """No such conversion of the actor's."""
    return KaquanError(
        "conversion_unknown",
        zh="没有这次换券。",
        en="There is no such conversion.",
    )


def converted_already(at: datetime, by: str) -> KaquanError:
    """The paper voucher has become a digital one before."""
    moment = at.astimezone(current_configuration().time_zone).strftime("%Y-%m-%d %H:%M")
    return KaquanError(
        "voucher_converted",
        zh=f"这张纸质券已于 {moment} {f'由 {by} ' if by else ''}换成电子券，纸券已作废。",
        en=f"This paper voucher became a digital one at {moment}{f', by {by}' if by else ''}; the "
        "paper is void.",
    )


def voucher_not_paper() -> KaquanError:
    """It is of a stock batch and was never on paper."""
    return KaquanError(
        "voucher_not_paper",
        zh="这张券本来就是电子券，不用再换。",
        en="This voucher is a digital one already.",
    )


def conversion_needs_batch(batch: str, running: int) -> KaquanError:
    """Nobody said which stock the digital vouchers come from, and there is not just one."""
    if not running:
        return KaquanError(
            "conversion_needs_batch",
            zh=f"同一券模板没有进行中的电子券批次；请先从库存新建一个，或在批次“{batch}”的页面上指定。",
            en="There is no running stock batch of the same offer: add one, or choose one on the "
            f'page of the batch "{batch}".',
        )
    return KaquanError(
        "conversion_needs_batch",
        zh=f"同一券模板有 {running} 个进行中的电子券批次；请在批次“{batch}”的页面上指定一个。",
        en=f"There are {running} running stock batches of the same offer; choose one on the page "
        f'of the batch "{batch}".',
    )


def conversion_not_offered() -> KaquanError:
    """The same, for whoever holds the paper: what is missing is none of theirs to do."""
    return KaquanError(
        "conversion_not_offered",
        zh="这种纸质券目前不能换成电子券；纸质券仍然有效，请直接到店使用。",
        en="Paper vouchers of this kind cannot be made digital at present; the paper is as good as "
        "before: use it at the shop.",
    )


def digital_batch_unfit() -> KaquanError:
    """A batch that paper vouchers cannot become vouchers of."""
    return KaquanError(
        "digital_batch_unfit",
        zh="只能换成同一券模板或同一活动的、从库存发放的非储值批次。",
        en="Only a stock batch of the same offer or campaign, and no prepaid cards, can be chosen.",
    )


def bundle_double_key(name: str) -> KaquanError:
    """Each slip of the bundle is keyed by two clerks at the desk; nothing gets in another way."""
    return KaquanError(
        "bundle_double_key",
        zh=f"“{name}”是双录捆，每张券联须由两人在登记台各录一遍。",
        en=f'"{name}" is keyed twice: two clerks type each of its slips at the desk.',
    )


def keyed_by_you() -> KaquanError:
    """The second keying is somebody else's."""
    return KaquanError(
        "slip_keyed_by_you",
        zh="这张券联您已录过，第二遍须由另一人录入。",
        en="You have keyed this slip; the second time somebody else does.",
    )


def keyed_twice() -> KaquanError:
    """Both keyings are there."""
    return KaquanError(
        "slip_keyed_twice",
        zh="这张券联已录过两遍，正等待核对。",
        en="This slip was keyed twice and waits to be settled.",
    )


def keying_unknown() -> KaquanError:
    """No such keying that waits, in the actor's part."""
    return KaquanError(
        "keying_unknown",
        zh="没有这张等待核对的券联。",
        en="There is no such slip that waits to be settled.",
    )


def keyed_once_only() -> KaquanError:
    """There is nothing to compare it with yet."""
    return KaquanError(
        "slip_keyed_once",
        zh="这张券联只录过一遍，还不能核对。",
        en="This slip was keyed only once; there is nothing to settle yet.",
    )


def keyings_waiting(once: int, twice: int) -> KaquanError:
    """A bundle cannot close while slips wait for their second keying or for being settled."""
    zh, en = [], []
    if once:
        zh.append(f"{once} 张未录第二遍")
        en.append(f"slips that wait for their second keying: {once}")
    if twice:
        zh.append(f"{twice} 张两遍录入待核对")
        en.append(f"slips that wait to be settled: {twice}")
    return KaquanError(
        "bundle_keyings_waiting",
        zh=f"还有 {'、'.join(zh)}，不能封捆。",
        en=f"The bundle cannot close yet; {', '.join(en)}.",
    )


def picture_invalid() -> KaquanError:
    """Not a photo that can be read."""
    return KaquanError(
        "picture_invalid",
        zh="这个文件不是能打开的 JPEG 或 PNG 图片。",
        en="This file is no JPEG or PNG picture that can be opened.",
    )


def picture_too_large(bytes_max: int) -> KaquanError:
    """More than is looked at."""
    megabytes = bytes_max >> 20
    return KaquanError(
        "picture_too_large",
        zh=f"图片太大：最多 {megabytes} MB、6400 万像素。",
        en=f"The picture is too large: at most {megabytes} MB and 64 million pixels.",
    )


def photo_unknown() -> KaquanError:
    """The slip has no photo, or not any more."""
    return KaquanError(
        "photo_unknown",
        zh="这张券联没有照片，或已按保留期限删除。",
        en="This slip has no photo, or it was deleted after the days for which it is kept.",
    )


def ocr_missing() -> KaquanError:
    """The extra that reads pictures is not installed."""
    return KaquanError(
        "ocr_missing",
        zh="未安装图片识别组件。请在服务器上执行：pip install 'kaquan[ocr]'，然后重启。",
        en="Reading pictures is not installed. On the server run: pip install 'kaquan[ocr]', then "
        "restart.",
    )


def page_unknown(page_id: object) -> KaquanError:
    """No such page in the actor's part, or somebody is done with it."""
    return KaquanError(
        "register_page_unknown",
        zh=f"没有编号为 {page_id} 的登记簿照片，或已处理完删除。",
        en=f"There is no register page {page_id}, or somebody is done with it.",
    )


def row_unknown(row: int) -> KaquanError:
    """No row of that number waits on the page."""
    return KaquanError(
        "register_row_unknown",
        zh=f"第 {row + 1} 行不存在，或已登记、已略过。",
        en=f"There is no row {row + 1} that waits, or it was registered or left out.",
    )


def cells_unconfirmed(zh: str, en: str) -> KaquanError:
    """What a machine read counts only once somebody has compared it with the picture."""
    return KaquanError(
        "register_cells_unconfirmed",
        zh=f"请先对照图片核对并勾选：{zh}。",
        en=f"Compare with the picture and tick first: {en}.",
    )
