"""Times are typed as short as they can be, and mean what stands on the slip."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kaquan.foundation import clock
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.imports_cells import BadCellError
from kaquan.registration.reading import read_time

pytestmark = pytest.mark.usefixtures("database")


def test_short_times_are_of_today_this_year_or_the_last() -> None:
    now = clock.now().astimezone(current_configuration().time_zone).replace(second=0, microsecond=0)
    long_ago = now - timedelta(days=300)

    assert read_time(now.strftime("%H%M")) == now
    for at in (now, long_ago):
        for form in ("%m%d%H%M", "%m%d %H%M", "%m-%d %H:%M", "%m/%d  %H:%M", "%m月%d日%H:%M"):
            assert read_time(at.strftime(form)) == at
        assert read_time(at.strftime("%Y%m%d%H%M")) == at
        assert read_time(at.strftime("%Y-%m-%d %H:%M")) == at
    full_width = "".join(chr(ord(one) + 0xFEE0) for one in long_ago.strftime("%m%d%H%M"))
    assert read_time(full_width) == long_ago


@pytest.mark.parametrize(
    "typed", ["2561", "13011200", "02301200", "202613011200", "14:25", "13-01 12:00", "昨天"]
)
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(BadCellError):
        read_time(typed)
