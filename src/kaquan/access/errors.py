"""What can go wrong with callers: refusals of calls, and errors of the actions on keys."""

from collections.abc import Iterable

from msgspec import Struct

from kaquan.foundation.errors import ExitCode, KaquanError


class CallRefusal(Struct, frozen=True):
    """Why a call is not let in; `retry_after_s` above 0 says when to come back."""

    code: str
    status: int
    zh: str
    en: str
    retry_after_s: int = 0


KEY_MISSING = CallRefusal(
    "key_missing",
    401,
    "缺少 API 密钥；请用 Authorization: Bearer kq_… 传递。",
    "There is no API key; send it as Authorization: Bearer kq_….",
)
# Unknown, mistyped, expired and revoked look alike: whoever tries keys learns nothing.
KEY_INVALID = CallRefusal(
    "key_invalid",
    401,
    "API 密钥无效、已过期或已吊销。",
    "The API key is not valid, has expired or was revoked.",
)
KEY_OF_OTHER_MODE = CallRefusal(
    "key_of_other_mode",
    401,
    "测试密钥（kq_test_）只能用于测试环境，正式密钥（kq_live_）只能用于正式环境。",
    "Test keys (kq_test_) open test installations only, live keys (kq_live_) live ones only.",
)
SOURCE_NOT_ALLOWED = CallRefusal(
    "source_not_allowed",
    403,
    "此 API 密钥不允许从您的网络地址使用。",
    "This API key may not be used from your network address.",
)
SIGNATURE_MISSING = CallRefusal(
    "signature_missing",
    401,
    "此 API 密钥要求请求带签名：Kaquan-Signature。",
    "This API key asks for signed requests: Kaquan-Signature.",
)
SIGNATURE_INVALID = CallRefusal(
    "signature_invalid",
    401,
    "请求签名不符：请核对签名密钥、签名内容和格式。",
    "The request's signature does not fit: check the signing secret, what is signed and its form.",
)
SIGNATURE_TOO_OLD = CallRefusal(
    "signature_time_off",
    401,
    "请求签名的时间与服务器相差超过 300 秒；请校准时钟后重新签名。",
    "The signature's time is more than 300 s off the server's; set the clock and sign again.",
)
SIGNATURE_REPEATED = CallRefusal(
    "signature_repeated",
    401,
    "此签名已用过；每个请求都要用新的随机数签名。",
    "This signature was used before; sign each request with a new nonce.",
)
UNAVAILABLE = CallRefusal(
    "unavailable",
    503,
    "暂时无法核对 API 密钥；请稍后用同一请求号重试。",
    "API keys cannot be checked for the moment; retry a little later with the same request key.",
    1,
)


def too_many_requests(retry_after_s: int) -> CallRefusal:
    """The key is used more often than agreed."""
    return CallRefusal(
        "rate_limited",
        429,
        "请求过于频繁，请按 Retry-After 稍后重试。",
        "Too many requests; retry after the time in Retry-After.",
        retry_after_s,
    )


TOO_MANY_AT_ONCE = CallRefusal(
    "concurrency_limited",
    429,
    "同时进行的请求过多，请等前面的请求完成。",
    "Too many requests at once; wait until earlier ones are answered.",
    1,
)
BUSY = CallRefusal(
    "busy",
    503,
    "系统繁忙，请稍后用同一请求号重试。",
    "The system is busy; retry a little later with the same request key.",
    1,
)
OBJECT_BUSY = CallRefusal(
    "object_rate_limited",
    429,
    "对同一张券或同一批次的请求过于频繁，请稍后重试。",
    "Too many requests for the same voucher or batch; retry a little later.",
    1,
)


def too_many_wrong_codes(retry_after_s: int) -> CallRefusal:
    """Too many codes from here were wrong."""
    return CallRefusal(
        "code_attempts_limited",
        429,
        "错误的券码过多，请稍后再试。",
        "Too many wrong codes; try again later.",
        retry_after_s,
    )


CALL_REFUSALS: tuple[CallRefusal, ...] = (
    KEY_MISSING,
    KEY_INVALID,
    KEY_OF_OTHER_MODE,
    SOURCE_NOT_ALLOWED,
    SIGNATURE_MISSING,
    SIGNATURE_INVALID,
    SIGNATURE_TOO_OLD,
    SIGNATURE_REPEATED,
    UNAVAILABLE,
    too_many_requests(1),
    TOO_MANY_AT_ONCE,
    BUSY,
    OBJECT_BUSY,
    too_many_wrong_codes(60),
)
"""Every reason for which a call is not let in, for the catalogue of problems."""


def client_unknown(wanted: int | str) -> KaquanError:
    """It does not exist, or lies outside the actor's part of the tree: both look alike."""
    return KaquanError(
        "client_unknown",
        zh=f"没有接入方“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no API client "{wanted}", or not in your part of the tree.',
    )


def client_exists(name: str) -> KaquanError:
    """The name is taken in the same organisation."""
    return KaquanError(
        "client_exists",
        zh=f"该组织已有接入方“{name}”；请换一个名称。",
        en=f'The organisation has an API client "{name}" already; choose another name.',
    )


def key_unknown(wanted: int | str) -> KaquanError:
    """It does not exist, or lies outside the actor's part of the tree: both look alike."""
    return KaquanError(
        "key_unknown",
        zh=f"没有 API 密钥“{wanted}”，或不在您的管辖范围内。",
        en=f'There is no API key "{wanted}", or not in your part of the tree.',
    )


def key_ended(public_id: str) -> KaquanError:
    """It was revoked, replaced or has expired, and cannot be replaced."""
    return KaquanError(
        "key_ended",
        zh=f"API 密钥“{public_id}”已吊销、已更换或已过期；请新建一个。",
        en=f'The API key "{public_id}" was revoked or replaced, or has expired; create a new one.',
    )


def permission_not_held(names: Iterable[str]) -> KaquanError:
    """Nobody gives away what they do not hold."""
    listed = ", ".join(sorted(names))
    return KaquanError(
        "permission_denied",
        zh=f"您自己没有的权限不能授予密钥：{listed}。",
        en=f"You cannot give a key permissions that you do not hold: {listed}.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def key_of_stores() -> KaquanError:
    """What somebody asks for is of no store, and the key is of some."""
    return KaquanError(
        "permission_denied",
        zh="此密钥只限几家门店使用，不能用于管理操作；请改用组织范围的密钥。",
        en="The key is for some stores only and not for managing: use one for a part of the "
        "organisation.",
    )


def narrower_key_needed(zh: str, en: str) -> KaquanError:
    """A key makes no key that is bound less tightly than itself."""
    return KaquanError(
        "permission_denied",
        zh=f"密钥不能创建或更换出限制更少的密钥：{zh}。",
        en=f"A key cannot make or replace a key that is bound less tightly than itself: {en}.",
        exit_code=ExitCode.PERMISSION_DENIED,
    )


def value_invalid(zh: str, en: str) -> KaquanError:
    """An argument that makes no sense."""
    return KaquanError("value_invalid", zh=zh, en=en, exit_code=ExitCode.USAGE)
