"""What can go wrong with a request's name."""

from kaquan.foundation.errors import KaquanError


def request_key_reused() -> KaquanError:
    """The name stands for another request."""
    return KaquanError(
        "request_key_reused",
        zh="该请求号已用于内容不同的请求，请更换请求号。",
        en="The request key was used for another request: choose a new one.",
    )


def request_in_progress() -> KaquanError:
    """The same request is being carried out at this moment."""
    return KaquanError(
        "request_in_progress",
        zh="同一请求号的请求正在处理，请稍后重试。",
        en="A request of the same name is under way: try again shortly.",
    )
