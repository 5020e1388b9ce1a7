"""What a link's hash covers; the trigger and the proof must write the very same text."""

from importlib.resources import files

_SQL = files("kaquan.foundation.changes").joinpath("sql")


def _statements(name: str) -> str:
    text = _SQL.joinpath(name).read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))


def payload_sql(*, link: str, change: str) -> str:
    """The SQL expression of the covered text, for rows of these names."""
    return _statements("payload.sql").format(link=link, change=change).strip()


def chain_sql() -> str:
    """The statements that make the chain."""
    payload = payload_sql(link="head", change="NEW")
    return _statements("chain.sql").replace("{payload}", payload)
