"""What can go wrong with events and webhooks."""

from kaquan.foundation.errors import KaquanError


def cursor_invalid() -> KaquanError:
    """A text that is no cursor of the event feed."""
    return KaquanError(
        "cursor_invalid",
        zh="游标无效；请原样使用上一次答复中的 next_cursor 或事件流的 id。",
        en="The cursor is not valid; use next_cursor or a stream event's id exactly as given.",
    )


def event_type_unknown(wanted: str) -> KaquanError:
    """There are no events of this name."""
    return KaquanError(
        "value_invalid",
        zh=f"没有名为“{wanted[:60]}”的事件类型；可用的类型见接口文档。",
        en=f'There is no event type "{wanted[:60]}"; the document lists those that there are.',
    )


def endpoint_unknown(wanted: int) -> KaquanError:
    """There is none, or not in the caller's part of the organisation."""
    return KaquanError(
        "webhook_unknown",
        zh=f"没有推送地址“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no webhook "{wanted}", or not in your part of the organisation.',
    )


def delivery_unknown(wanted: int) -> KaquanError:
    """There is none, or not in the caller's part of the organisation."""
    return KaquanError(
        "delivery_unknown",
        zh=f"没有投递记录“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no delivery "{wanted}", or not in your part of the organisation.',
    )


def too_many_endpoints(limit: int) -> KaquanError:
    """The client has as many webhooks as one may have."""
    return KaquanError(
        "webhook_limit_reached",
        zh=f"每个接入方最多可有 {limit} 个推送地址；请先删除不用的。",
        en=f"A client may have {limit} webhooks at most; remove one that is not used.",
    )


def target_refused(zh: str, en: str) -> KaquanError:
    """A webhook may not go there."""
    return KaquanError(
        "webhook_target_invalid", zh=f"推送地址不可用：{zh}。", en=f"The webhook's URL: {en}."
    )


def endpoint_inactive() -> KaquanError:
    """It was disabled, so nothing is sent to it."""
    return KaquanError(
        "webhook_inactive",
        zh="该推送地址已停用；请先启用。",
        en="The webhook is disabled; enable it first.",
    )


def overlap_invalid(hours_max: int) -> KaquanError:
    """An overlap of two secrets that is too long or no number."""
    return KaquanError(
        "value_invalid",
        zh=f"重叠时间应为 0 到 {hours_max} 小时。",
        en=f"The overlap must be from 0 to {hours_max} hours.",
    )
