ARG PYTHON_IMAGE=python:3.13-slim

# Everything is installed into one environment; the last stage gets that and nothing to build with.
FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
RUN python -m venv /opt/mnistry
COPY requirements.lock ./
RUN /opt/mnistry/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY engine ./engine
COPY app ./app
RUN /opt/mnistry/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps . \
 && /opt/mnistry/bin/python -m compileall -q /opt/mnistry/lib \
 && /opt/mnistry/bin/pip uninstall --yes pip

FROM ${PYTHON_IMAGE}
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin mnistry \
 && install -d -o mnistry -g mnistry /data
COPY --from=build /opt/mnistry /opt/mnistry
ENV PATH=/opt/mnistry/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MNISTRY_HOST=0.0.0.0 \
    MNISTRY_PORT=8000 \
    MNISTRY_DATA_DIR=/data
USER 10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(r.Request('http://127.0.0.1:%s/readyz' % os.environ['MNISTRY_PORT'], headers={'Host': 'localhost'}), timeout=2)"]
ENTRYPOINT ["mnistry"]
CMD ["serve"]
