"""The made-up chain's members.

Names are put together from common ones. The phone numbers begin with 154 0000, a range that no
carrier has, so that nobody is ever called or texted by mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

MEMBERS = 3_000

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋"
_GIVEN_FIRST = "子梓雨欣浩宇嘉思佳俊诗雅晓文志建国明海丽玉秀春桂永德"
_GIVEN_SECOND = "涵轩怡然博妍睿彤琪辰宁阳华平军英芳霞兰峰杰伟强磊静敏"
_LEVELS = ("普通会员", "普通会员", "普通会员", "普通会员", "银卡", "银卡", "金卡")
_SOURCES = ("小程序", "门店", "企业微信", "支付宝")


def member_number(number: int) -> str:
    """The number of the ``number``-th member, from 1."""
    return f"M{number:06}"


def member_rows(store_codes: Sequence[str], random: Random) -> Iterator[dict[str, object]]:
    """The members as the customers' importer takes them; each belongs to a store."""
    for number in range(1, MEMBERS + 1):
        given = random.choice(_GIVEN_FIRST) + (
            random.choice(_GIVEN_SECOND) if random.random() < 0.8 else ""
        )
        yield {
            "number": member_number(number),
            "name": random.choice(_SURNAMES) + given,
            "phone": f"1540000{number:04}",
            "store_code": store_codes[number * 7 % len(store_codes)],
            "tags": [
                random.choice(_LEVELS),
                f"来源:{random.choice(_SOURCES)}",
                f"生日:{random.randrange(1, 13):02}月",
            ],
        }
