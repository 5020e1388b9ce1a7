"""What custody refuses, besides the ledger's own refusals."""

from kaquan.foundation.errors import KaquanError


def note_unknown(note_id: object) -> KaquanError:
    """No such note in the actor's part."""
    return KaquanError(
        "custody_note_unknown",
        zh=f"没有编号为 {note_id} 的交接单。",
        en=f"There is no transfer note {note_id}.",
    )


def case_unknown(case_id: object) -> KaquanError:
    """No such case in the actor's part."""
    return KaquanError(
        "custody_case_unknown",
        zh=f"没有编号为 {case_id} 的差异单。",
        en=f"There is no case {case_id}.",
    )


def piece_unknown(serial: object) -> KaquanError:
    """No paper of that serial with the actor's part."""
    return KaquanError(
        "custody_piece_unknown",
        zh=f"序号 {serial} 不是您这里保管的纸券，请核对。",
        en=f"Serial {serial} is no paper voucher of your part; check the number.",
    )


def range_invalid(most: int) -> KaquanError:
    """First and last make no range."""
    return KaquanError(
        "custody_range_invalid",
        zh=f"首尾两张须属于同一批次，首张在前，最多 {most:,} 张。",
        en=f"First and last must be of one batch, in this order, and at most {most:,} vouchers.",
    )


def not_to_be_counted(first_serial: object) -> KaquanError:
    """Vouchers that are in somebody's hands already, without having been counted as paper."""
    return KaquanError(
        "custody_not_countable",
        zh=f"序号 {first_serial} 起的券已调拨给门店，或已纳入保管，不能再纳入；"
        "要按张保管的券，请在调拨之前纳入。",
        en=f"From serial {first_serial} on, vouchers were allotted to a store or counted as paper "
        "already; count what is to be kept by the piece before it is allotted.",
    )


def range_in_several_hands() -> KaquanError:
    """Not all of a range lies in one place."""
    return KaquanError(
        "custody_range_scattered",
        zh="这段纸券不都在同一处，或不在您的管辖范围内；请按保管段分别办理。",
        en="Not all of this range lies in one place of your part; do it part by part.",
    )


def act_impossible(serial: int | None = None) -> KaquanError:
    """Some of a range may not go that way now, the first of them with this serial."""
    if serial is None:
        return KaquanError(
            "custody_act_impossible",
            zh="这段纸券中有的当前状态不能这样办理，请查看保管段。",
            en="Some of this range may not go that way as it stands; look at its ranges.",
        )
    return KaquanError(
        "custody_act_impossible",
        zh=f"序号 {serial} 的券当前状态不能这样办理，整段都没有办理；可在“查一张纸券”里看状态。",
        en=f"Serial {serial} may not go that way as it stands, so nothing of the range was done; "
        "look it up under “Look up a voucher”.",
    )


def counted_outside() -> KaquanError:
    """What was counted is not all of what was sent."""
    return KaquanError(
        "custody_counted_outside",
        zh="清点的序号不在这批纸券之内，请核对。",
        en="What was counted is not part of these vouchers; check the serials.",
    )


def other_side_signs() -> KaquanError:
    """Who sent cannot sign."""
    return KaquanError(
        "custody_other_side_signs",
        zh="发出人不能自己签收，请由对方的账号签收。",
        en="Whoever sent it cannot sign for it; the other side must sign.",
    )


def second_person_closes() -> KaquanError:
    """Who says what became of pieces cannot confirm it."""
    return KaquanError(
        "custody_second_person",
        zh="说明人不能自己复核，请由另一位同事复核。",
        en="Whoever proposed it cannot confirm it; somebody else must.",
    )


def note_settled(state: str) -> KaquanError:
    """The note awaits nothing."""
    return KaquanError(
        "custody_note_settled",
        zh=f"这张交接单{state}，不能再办理。",
        en="This note is settled already.",
    )


def case_settled(state: str) -> KaquanError:
    """The case awaits something else, or nothing."""
    return KaquanError(
        "custody_case_settled",
        zh=f"这张差异单{state}，不能这样办理。",
        en="This case does not await that.",
    )


def same_place() -> KaquanError:
    """Sent to where they are."""
    return KaquanError(
        "custody_same_place",
        zh="纸券已在该处，请选择另一处接收方。",
        en="The vouchers are there already; choose another receiver.",
    )
