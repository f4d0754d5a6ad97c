# One image for the web server, workers and the beat; compose.yaml starts them.
FROM python:3.11-slim-bookworm

RUN useradd --system --uid 10001 --create-home --home-dir /srv/evosync --shell /usr/sbin/nologin evosync
WORKDIR /srv/evosync

# What changes seldom first, so that a new version of the code installs nothing anew.
COPY --chown=10001 bin/common.sh bin/common.sh
COPY --chown=10001 requirements.txt requirements.txt
USER 10001
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN . bin/common.sh && need_venv requirements.txt

COPY --chown=10001 . .
RUN mkdir -m 700 instance && .venv/bin/python -m compileall -q app config.py

ENV EVOSYNC_ENV=production \
    BIND=0.0.0.0:8000
EXPOSE 8000
VOLUME ["/srv/evosync/instance"]
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD [".venv/bin/python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["bin/serve"]
