"""What the web server runs."""

import gc
import multiprocessing
import sys
import warnings
from functools import partial

from django.db import connections

from kaquan.access.exchange import start_exchange
from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.django_setup import setup
from kaquan.foundation.shutdown import end_with_parent
from kaquan.project.sandbox import Application, with_sandbox

#: Sessions that a worker keeps, those of its own threads included; and how long a request waits.
SESSIONS_MAX, SESSION_WAIT_S = 16, 5
#: How long a thread may keep Python to itself while others want it; Python's own is ten times that.
SWITCH_S = 0.000_5

# WhiteNoise sends its files as synchronous iterators; Django reads such a file whole before it
# sends it, which suits files of some hundred kilobytes, and warns each time.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")

setup(current_configuration())

from kaquan.project.django_application import DjangoApplication  # noqa: E402  # needs Django
from kaquan.surfaces.api.bounded_bodies import with_bounded_bodies  # noqa: E402  # the same
from kaquan.surfaces.gateway.application import Gateway, beside  # noqa: E402  # the same
from kaquan.surfaces.gateway.runtime import Runtime  # noqa: E402  # the same
from kaquan.surfaces.gateway.writer_process import split_off_writers  # noqa: E402  # the same

server = multiprocessing.parent_process()
writers = None
if server is not None and server.pid is not None:
    # First, for later there are threads.
    writers = split_off_writers(current_configuration().writer_threads)
    # A worker whose server was killed would go on with old code beside the next one.
    end_with_parent(server.pid)

# Django gives each request a database session of its own; opening one costs more than most queries.
connections.settings["default"] |= {"CONN_HEALTH_CHECKS": True}
connections.settings["default"]["OPTIONS"]["pool"] = {
    "min_size": 1,
    "max_size": SESSIONS_MAX,
    "timeout": SESSION_WAIT_S,
}
if server is not None:
    start_exchange()  # keeps API keys fresh, so that no call waits for the database to be let in
django: Application = DjangoApplication()
application: Application = with_sandbox(
    beside(Gateway(partial(Runtime, writers)), with_bounded_bodies(django)), current_configuration()
)
# The loop answers, and threads read for it: none is to wait for long until the others pause.
sys.setswitchinterval(SWITCH_S)
# What is loaded by now stays for good: without it each full collection walks a hundred thousand
# objects that never die, a seventh of a redemption's time. The rest are small trees, freed as they
# are let go; cycles are few.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 100)
