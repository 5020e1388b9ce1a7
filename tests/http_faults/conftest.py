"""An installation for this folder's tests, with a database of its own that they may kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from uuid import uuid4

import pytest

from tests.fixtures_cluster import OwnCluster
from tests.http_faults.issuer import Issuer, make_issuer
from tests.http_faults.load import Goods
from tests.http_faults.servers import ServerProcess
from tests.session_folder import copy_home, remove_home

SETTINGS = {"KAQUAN_KEY_RATE_PER_S": "100000", "KAQUAN_POSTGRES_KEEP_RUNNING": "1"}
OpenServer = Callable[..., ServerProcess]


@pytest.fixture(scope="package")
def cluster(session_folder: Path, pristine_home: Path) -> Iterator[OwnCluster]:
    """A migrated server; each test leaves it running."""
    configuration = copy_home(pristine_home, session_folder / f"faults-{uuid4().hex[:8]}")
    own = OwnCluster(configuration)
    own.server.start()
    yield own
    remove_home(configuration)


@pytest.fixture(scope="package")
def issuer(cluster: OwnCluster) -> Issuer:
    """Its stores, customers, keys and vouchers."""
    return make_issuer(cluster.child_environment())


@pytest.fixture(scope="package")
def new_goods(issuer: Issuer) -> Callable[[], Goods]:
    """Vouchers that no other test uses, enough for one load."""
    cards, singles, stocks = iter(issuer.cards), iter(issuer.singles), iter(issuer.stocks)

    def take() -> Goods:
        some = [*islice(cards, 24)], [*islice(singles, 120)], [*islice(stocks, 1)]
        assert all(some)
        return Goods(issuer, *some)

    return take


@pytest.fixture
def goods(new_goods: Callable[[], Goods]) -> Goods:
    """Those of one test."""
    return new_goods()


@pytest.fixture(scope="package")
def open_server(
    cluster: OwnCluster, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenServer]:
    """Starts servers on the installation; they end after the last test."""
    opened: list[ServerProcess] = []

    def open_new(*, workers: int = 2, **settings: str) -> ServerProcess:
        said = tmp_path_factory.mktemp("server") / "said"
        environment = cluster.child_environment(**SETTINGS, **settings)
        server = ServerProcess(environment, said, workers=workers)
        opened.append(server)
        server.start()
        return server

    yield open_new
    for server in opened:
        server.end()


@pytest.fixture(scope="package")
def kept_server(open_server: OpenServer) -> ServerProcess:
    """A server of two workers, for all tests that put up with what others did to it."""
    return open_server()


@pytest.fixture
def server(kept_server: ServerProcess) -> ServerProcess:
    """The same, running, whatever was done to it."""
    kept_server.start()
    return kept_server
