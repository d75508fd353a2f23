"""The daemon with its waiting times cut short, so that tests of them need not wait as long."""

import sys

from ktx_daemon import http_endpoint, http_protocol, serve
from ktx_daemon.__main__ import main

http_protocol.HEADER_SECONDS = 0.4
http_protocol.DISCARD_SECONDS = 0.4
http_endpoint.BODY_SECONDS = 0.4
serve.KEEP_ALIVE_SECONDS = 1
serve.CHECK_SECONDS = 0.2

sys.exit(main())
