"""What the web server runs."""

import warnings

from django.core.asgi import get_asgi_application

from kaquan.foundation.configuration import current_configuration
from kaquan.foundation.django_setup import setup

# WhiteNoise sends its files as synchronous iterators; Django reads such a file whole before it
# sends it, which suits files of some hundred kilobytes, and warns each time.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")

setup(current_configuration())
application = get_asgi_application()
