"""What the rendered lines say: sentences, words, numbers and single characters, drawn by seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

LANGUAGES = ("chinese", "english", "numbers", "mixed")
#: The length of a text decides how much of the input is padding.
LENGTHS = ("character", "narrow", "normal", "long")

_ENGLISH = (
    "The harbour was quiet when the first boats came in",
    "Please keep this receipt for your records",
    "Every passenger needs a valid ticket before boarding",
    "A short walk leads from the station to the old mill",
    "Rain is expected in the north by late afternoon",
    "Her letters were written in green ink on yellow paper",
    "The committee will publish its report next Thursday",
    "Turn the handle twice and wait for the lamp to glow",
    "Goods may be returned within thirty days of purchase",
    "Nobody knew who had planted the cherry trees",
    "Store in a cool, dry place away from sunlight",
    "The museum opens at nine; guided tours start at ten",
    "Copper wires carry the signal to the control room",
    "He whistled softly, hoping that the dog would follow",
    "Interest is paid quarterly on the remaining balance",
    "Quick thinking by the crew saved the whole village",
)
_CHINESE = (
    "清晨的港口十分安静只有几艘渔船慢慢靠岸",
    "请妥善保管本收据以便日后查询",
    "乘客上车前应当出示有效车票",
    "从车站步行十分钟就能到达旧磨坊",
    "预计傍晚时分北部地区将有小雨",
    "她用绿色墨水在黄纸上写了很多封信",
    "委员会将于下周四公布调查报告",
    "转动手柄两次等待指示灯亮起",
    "商品自购买之日起三十天内可以退换",
    "没有人知道这些樱桃树是谁种下的",
    "请存放在阴凉干燥处避免阳光直射",
    "博物馆九点开门十点开始有讲解",
    "铜线把信号传送到控制室的仪表上",
    "他轻轻吹着口哨希望小狗能跟上来",
    "剩余款项的利息按季度支付给客户",
    "船员反应迅速挽救了整个村庄",
    "图书馆新增加了三百多种科学杂志",
    "这座桥连接着河流两岸的居民区",
)
_WORDS = (
    *("Total", "Gate", "Exit", "Date", "Open", "Push", "Name", "Tax", "Price", "Room"),
    *("north", "paper", "lamp", "river", "seven", "blue", "start", "index", "Menu", "OK"),
)
_CHINESE_WORDS = (
    *("合计", "出口", "日期", "姓名", "单价", "数量", "金额", "入口", "电话", "地址"),
    *("备注", "总计", "编号", "男", "女", "元", "税额", "部门", "签名", "经理"),
)
# Without those that look like others: 0 and O, 1 and l, c and C …
_ENGLISH_CHARACTERS = "ABDEFGHJKLMNPQRTYabdefghjnqrtyLRT"
_CHINESE_CHARACTERS = "中国人大上下左右年月日水火山石田春夏秋冬东西南北男女是否元角分米车马"
_DIGITS = "23456789"
_CHINESE_COMMA = "\uff0c"
_SYMBOLS = "%&#@+?!$"


def make_text(language: str, length: str, rng: random.Random) -> str:
    """A text in one of `LANGUAGES` and `LENGTHS`."""
    return _MAKERS[language](length, rng)


def _english(length: str, rng: random.Random) -> str:
    if length == "character":
        return rng.choice(_ENGLISH_CHARACTERS)
    if length == "narrow":
        return rng.choice(_WORDS)
    words = rng.choice(_ENGLISH).split()
    if length == "normal":
        begin = rng.randrange(max(1, len(words) - 3))
        return " ".join(words[begin : begin + rng.randint(2, 4)])
    return " ".join(words) + ". " + rng.choice(_ENGLISH) + "."


def _chinese(length: str, rng: random.Random) -> str:
    if length == "character":
        return rng.choice(_CHINESE_CHARACTERS)
    if length == "narrow":
        return rng.choice(_CHINESE_WORDS)
    text = rng.choice(_CHINESE)
    if length == "normal":
        begin = rng.randrange(len(text) - 6)
        return text[begin : begin + rng.randint(5, 9)]
    return text + _CHINESE_COMMA + rng.choice(_CHINESE) + "。"


def _numbers(length: str, rng: random.Random) -> str:
    if length == "character":
        return rng.choice(_DIGITS)
    if length == "narrow":
        return rng.choice(
            [
                str(rng.randrange(10, 1000)),
                f"{rng.uniform(1, 99):.2f}",
                f"{rng.randint(1, 99)}%",
                f"{rng.randint(10, 23)}:{rng.randint(10, 59)}",
            ]
        )
    parts = [
        f"{rng.randint(1990, 2030)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        f"{rng.randrange(1000, 10**6):,}.{rng.randint(10, 99)}",
        f"({rng.randint(200, 999)}) {rng.randint(200, 999)}-{rng.randint(2000, 9999)}",
        str(rng.randrange(10**9, 10**12)),
        f"{rng.randint(2, 40)} x {rng.uniform(1, 99):.2f}",
    ]
    rng.shuffle(parts)
    return parts[0] if length == "normal" else "  ".join(parts[:3]).replace("  ", " ")


def _mixed(length: str, rng: random.Random) -> str:
    if length == "character":
        return rng.choice(_SYMBOLS)
    number = rng.randint(2, 999)
    word, chinese = rng.choice(_WORDS), rng.choice(_CHINESE_WORDS)
    if length == "narrow":
        return rng.choice([f"{chinese}{number}", f"{word}{number}", f"¥{number}", f"{number}kg"])
    short = rng.choice([f"{chinese}: {word} {number}", f"{word}-{number} {chinese}"])
    if length == "normal":
        return short
    unit = rng.choice(_ENGLISH).split()[-1]
    return f"{short}{_CHINESE_COMMA}{rng.choice(_CHINESE)} ({unit} {number}.50)"


_MAKERS = {"english": _english, "chinese": _chinese, "numbers": _numbers, "mixed": _mixed}
