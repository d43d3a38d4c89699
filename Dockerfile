# One image for the web server, the worker, the clock and the one-shot that prepares the database.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OMS_DATA_DIR=/var/lib/oms \
    MALLOC_ARENA_MAX=2 \
    PATH=/srv/oms/.venv/bin:$PATH

RUN useradd --system --uid 10001 --home-dir /srv/oms --shell /usr/sbin/nologin oms \
    && install --directory --owner=oms --group=oms --mode=0750 /var/lib/oms

WORKDIR /srv/oms

# The packages change less often than the code: a layer of their own.
COPY requirements.lock ./
COPY oms/embedded/bootstrap.py oms/embedded/uv.requirements oms/embedded/
RUN python oms/embedded/bootstrap.py

# Compiled here, since whoever runs it may write nothing here.
COPY . .
RUN python -m compileall -q oms inventory orders fulfillment returns channels

USER 10001
VOLUME /var/lib/oms
EXPOSE 8000

HEALTHCHECK --interval=15s --timeout=5s --start-period=40s --retries=4 \
    CMD ["python", "-c", "import sys; from oms.embedded.system import answers; sys.exit(not answers(8000, '/healthz')())"]

CMD ["gunicorn", "oms.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--worker-class", "gthread", "--threads", "8", "--timeout", "120", "--no-control-socket", "--worker-tmp-dir", "/dev/shm", "--access-logfile", "-"]
