"""What the made-up chain sells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from kaquan.engine.facts import OrderLine

# SKU, name, price in fen, categories from the widest to its own.
_GOODS = """
1001 美式咖啡 1200 饮品 咖啡
1002 拿铁 1600 饮品 咖啡
1003 生椰拿铁 1800 饮品 咖啡
1004 桂花乌龙奶茶 1500 饮品 茶饮
1005 柠檬红茶 900 饮品 茶饮
1006 鲜榨橙汁 1600 饮品 果汁
1007 纯净水550毫升 200 饮品 瓶装水
1008 鲜牛奶950毫升 1580 饮品 乳品
1009 酸奶 680 饮品 乳品
2001 鲜肉包 300 早餐 包点
2002 香菇菜包 250 早餐 包点
2003 茶叶蛋 200 早餐 蛋品
2004 现磨豆浆 350 早餐 豆浆
2005 鸡蛋灌饼 800 早餐 饼类
2006 早餐套餐 990 早餐 套餐
3001 照烧鸡腿饭 2280 鲜食 便当
3002 番茄牛腩饭 2680 鲜食 便当
3003 金枪鱼饭团 780 鲜食 饭团
3004 火腿三明治 1180 鲜食 三明治
3005 关东煮组合 1350 鲜食 关东煮
3006 轻食沙拉 1980 鲜食 沙拉
4001 全麦吐司 1290 烘焙 吐司
4002 可颂 850 烘焙 面包
4003 提拉米苏 1880 烘焙 蛋糕
5001 坚果礼盒 8800 零食 坚果
5002 薯片 720 零食 膨化
5003 黑巧克力 1580 零食 糖巧
5004 牛肉干 3280 零食 肉干
6001 抽纸三包 1590 日用 纸品
6002 洗手液 1890 日用 清洁
6003 雨伞 3900 日用 雨具
6004 充电线 2900 日用 数码
7001 五常大米5公斤 5990 粮油 大米
7002 花生油1.8升 5280 粮油 食用油
7003 压榨菜籽油5升 8990 粮油 食用油
9001 同城配送费 600 配送费 配送费
"""

DELIVERY_CATEGORY = "配送费"


class Product(NamedTuple):
    """One article; ``price_fen`` is the price of a unit."""

    sku: str
    name: str
    price_fen: int
    categories: tuple[str, ...]


def _read() -> Iterator[Product]:
    for line in _GOODS.strip().splitlines():
        sku, name, price, *categories = line.split()
        yield Product(sku, name, int(price), tuple(dict.fromkeys(categories)))


PRODUCTS = tuple(_read())


def product_rows() -> Iterator[dict[str, object]]:
    """The articles as the products' importer takes them."""
    for product in PRODUCTS:
        yield {"sku": product.sku, "name": product.name, "categories": list(product.categories)}


def basket(
    random: Random, *, at_least_fen: int = 0, with_any: Sequence[str] = ()
) -> list[OrderLine]:
    """A plausible order of a few lines that comes to at least so much.

    ``with_any``: categories of which it must hold something, three units of one article.
    """
    wanted = [one for one in PRODUCTS if not set(one.categories).isdisjoint(with_any)]
    usual = [one for one in PRODUCTS if DELIVERY_CATEGORY not in one.categories]
    chosen: dict[Product, int] = {}
    if wanted:
        chosen[random.choice(wanted)] = 1 if DELIVERY_CATEGORY in with_any else 3
    for _ in range(random.randrange(1, 4)):
        chosen.setdefault(random.choice(usual), random.randrange(1, 3))
    while sum(product.price_fen * units for product, units in chosen.items()) < at_least_fen:
        product = random.choice(usual)
        chosen[product] = chosen.get(product, 0) + 1
    return [
        OrderLine(
            str(line_no), product.sku, units, product.price_fen * units, 0, product.categories
        )
        for line_no, (product, units) in enumerate(chosen.items(), start=1)
    ]
