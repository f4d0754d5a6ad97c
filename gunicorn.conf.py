"""How the web server runs: read by gunicorn itself, for bin/serve, the demo and the tests alike."""

import os

from app.serving import JsonLogger, PatientWorker
from config import load_or_exit

settings = load_or_exit()  # a worker that refuses to start would be started again for ever
wsgi_app = "wsgi:app"
bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = PatientWorker
if settings.log_format == "json":
    logger_class = JsonLogger
# A slow client holds a thread and nothing else, so there is one for every connection that is taken at all.
threads = worker_connections = 256
keepalive = 0
timeout = 120
limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
control_socket_disable = True
# By default a neighbour's header SCRIPT_NAME or PATH_INFO is taken for a proxy's word, and ends in a traceback.
forwarder_headers = ""
