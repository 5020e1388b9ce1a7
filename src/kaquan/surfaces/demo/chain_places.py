"""Where the made-up chain has its stores: real regions, provinces, cities and districts.

Street names are those that most Chinese cities have; the addresses themselves are made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice
from typing import NamedTuple

from kaquan.surfaces.demo.chain_positions import position_of

STORES = 200

# Region, province, city, districts; larger cities come first within a province.
_CITIES = """
华东 上海 上海 黄浦区 徐汇区 静安区 浦东新区 杨浦区 闵行区
华东 江苏 南京 玄武区 秦淮区 鼓楼区 江宁区
华东 江苏 苏州 姑苏区 虎丘区 吴中区 相城区
华东 江苏 无锡 梁溪区 滨湖区 新吴区
华东 浙江 杭州 上城区 拱墅区 西湖区 滨江区
华东 浙江 宁波 海曙区 江北区 鄞州区
华东 浙江 温州 鹿城区 龙湾区 瓯海区
华东 安徽 合肥 庐阳区 蜀山区 包河区
华东 福建 福州 鼓楼区 台江区 仓山区
华东 福建 厦门 思明区 湖里区 集美区
华东 江西 南昌 东湖区 西湖区 红谷滩区
华东 山东 济南 历下区 市中区 槐荫区
华东 山东 青岛 市南区 市北区 崂山区
华南 广东 广州 越秀区 天河区 海珠区 番禺区 白云区
华南 广东 深圳 福田区 罗湖区 南山区 宝安区 龙岗区
华南 广东 佛山 禅城区 南海区 顺德区
华南 广东 东莞 莞城街道 南城街道 东城街道
华南 广西 南宁 青秀区 兴宁区 西乡塘区
华南 海南 海口 龙华区 美兰区 秀英区
华中 湖北 武汉 江岸区 江汉区 武昌区 洪山区
华中 湖北 宜昌 西陵区 伍家岗区 夷陵区
华中 湖南 长沙 芙蓉区 天心区 岳麓区
华中 湖南 株洲 天元区 荷塘区 芦淞区
华中 河南 郑州 金水区 二七区 中原区
华中 河南 洛阳 涧西区 西工区 洛龙区
华北 北京 北京 东城区 西城区 朝阳区 海淀区 丰台区
华北 天津 天津 和平区 南开区 河西区
华北 河北 石家庄 长安区 桥西区 裕华区
华北 河北 保定 莲池区 竞秀区 徐水区
华北 山西 太原 小店区 迎泽区 杏花岭区
华北 内蒙古 呼和浩特 新城区 回民区 赛罕区
西南 重庆 重庆 渝中区 江北区 渝北区 沙坪坝区
西南 四川 成都 锦江区 青羊区 武侯区 成华区
西南 四川 绵阳 涪城区 游仙区 安州区
西南 贵州 贵阳 南明区 云岩区 观山湖区
西南 云南 昆明 五华区 盘龙区 官渡区
西南 西藏 拉萨 城关区 堆龙德庆区 达孜区
西北 陕西 西安 碑林区 莲湖区 雁塔区
西北 甘肃 兰州 城关区 七里河区 安宁区
西北 青海 西宁 城东区 城中区 城西区
西北 宁夏 银川 兴庆区 金凤区 西夏区
西北 新疆 乌鲁木齐 天山区 沙依巴克区 水磨沟区
东北 辽宁 沈阳 和平区 沈河区 皇姑区
东北 辽宁 大连 中山区 西岗区 沙河口区
东北 吉林 长春 南关区 朝阳区 宽城区
东北 黑龙江 哈尔滨 道里区 南岗区 香坊区
"""
_STREETS = [
    "人民路",
    "中山路",
    "解放路",
    "建设路",
    "和平路",
    "文化路",
    "新华路",
    "胜利路",
    "青年路",
    "花园路",
    "振兴路",
    "学府路",
]


class Place(NamedTuple):
    """One store as the stores' importer takes it."""

    code: str
    name: str
    region: str
    province: str
    city: str
    address: str
    open_hours: str
    status: str
    latitude: int
    longitude: int


def places(brand: str) -> Iterator[Place]:
    """The chain's stores: city by city, one district after another, then a second store in some."""
    cities = [line.split() for line in _CITIES.strip().splitlines()]
    districts = [
        (region, province, city, district)
        for turn in range(max(map(len, cities)))
        for region, province, city, *names in cities
        for district in names[turn : turn + 1]
    ]
    for number, place in enumerate(islice(cycle(districts), STORES), start=1):
        region, province, city, district = place
        street = _STREETS[number * 7 % len(_STREETS)]
        short = district.removesuffix("街道").removesuffix("新区").rstrip("区")
        latitude, longitude = position_of(city, district, number)
        yield Place(
            code=f"QH{number:04}",
            name=f"{brand}{city}{short}{street[:2]}店",
            region=f"{region}大区",
            province=province,
            city=city,
            address=f"{city}市{district}{street}{number * 13 % 380 + 1}号",
            open_hours="07:00-23:00" if number % 3 else "00:00-24:00",
            status="paused" if number % 67 == 0 else "open",
            latitude=latitude,
            longitude=longitude,
        )
