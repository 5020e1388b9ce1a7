"""Every number that bounds how often somebody may call, in one table."""

from typing import NamedTuple


class Limit(NamedTuple):
    """One bound; `per` says of what it is so many."""

    name: str
    number: int
    per: str
    zh: str
    en: str


GATEWAY_BURST_S = 2
"""The hot lane's burst, in seconds of its rate (KAQUAN_KEY_RATE_PER_S)."""
MANAGEMENT_PER_S = 50
MANAGEMENT_BURST = 200
PUBLIC_SOURCE_PER_S = 5
PUBLIC_SOURCE_BURST = 30
IN_FLIGHT_MAX = 2_000
VOUCHER_PER_S = 20
VOUCHER_BURST = 100
BATCH_PER_S = 50_000
BATCH_BURST = 100_000
SOURCE_FAILURES_PER_MIN = 30
SOURCE_FAILURES_IN_STORM_PER_MIN = 5
NETWORK_FAILURES_PER_MIN = 300
KEY_FAILURES_PER_MIN = 1_200
FORGED_WEIGHT = 10
STORM_PER_MIN = 200
KEY_STORM_PER_MIN = 600
STORM_COOLDOWN_S = 600

LIMITS: tuple[Limit, ...] = (
    Limit(
        "management", MANAGEMENT_PER_S, "request/s, key, process",
        f"管理接口，每个密钥；短时可达 {MANAGEMENT_BURST} 次",
        f"management calls of a key; {MANAGEMENT_BURST} in a burst",
    ),
    Limit(
        "public_source", PUBLIC_SOURCE_PER_S, "request/s, address, process",
        f"用可公开密钥的每个地址；短时可达 {PUBLIC_SOURCE_BURST} 次",
        f"calls from one address with publishable keys; {PUBLIC_SOURCE_BURST} in a burst",
    ),
    Limit(
        "in_flight", IN_FLIGHT_MAX, "process",
        "全部调用方同时进行的请求，超过即答 503",
        "requests of all callers at once; beyond it the answer is 503",
    ),
    Limit(
        "voucher", VOUCHER_PER_S, "request/s, voucher, process",
        f"对同一张券；短时可达 {VOUCHER_BURST} 次",
        f"requests for one voucher; {VOUCHER_BURST} in a burst",
    ),
    Limit(
        "batch", BATCH_PER_S, "request/s, batch, process",
        f"对同一批次；短时可达 {BATCH_BURST} 次",
        f"requests for one batch; {BATCH_BURST} in a burst",
    ),
    Limit(
        "source_failures", SOURCE_FAILURES_PER_MIN, "wrong code/min, address",
        "每个地址（IPv6 按 /64）的错码，机密密钥除外",
        "wrong codes from one address (IPv6: a /64), callers with a secret key apart",
    ),
    Limit(
        "source_failures_in_storm", SOURCE_FAILURES_IN_STORM_PER_MIN, "wrong code/min, address",
        "大量猜码期间的同一限额", "the same while a guess storm lasts",
    ),
    Limit(
        "network_failures", NETWORK_FAILURES_PER_MIN, "wrong code/min, network",
        "每个网段（IPv4 /24，IPv6 /48）的错码",
        "wrong codes from one network (IPv4 /24, IPv6 /48)",
    ),
    Limit(
        "key_failures", KEY_FAILURES_PER_MIN, "wrong code/min, key",
        f"每个机密密钥的错码；校验位对而防伪不对的算 {FORGED_WEIGHT} 次",
        f"wrong codes of a secret key; a well-formed forgery counts {FORGED_WEIGHT} times",
    ),
    Limit(
        "guess_storm", STORM_PER_MIN, "wrong code/min, all addresses",
        "达到即记一次“大量猜码”事件", "raises the event of a guess storm",
    ),
    Limit(
        "guess_storm_of_a_key", KEY_STORM_PER_MIN, "wrong code/min, key",
        "一个机密密钥达到即记事件", "raises the same event for one secret key",
    ),
    Limit(
        "storm_cooldown", STORM_COOLDOWN_S, "s",
        "事件平息多久后再来的算新事件", "after so long without one, the next storm is a new event",
    ),
)  # fmt: skip
