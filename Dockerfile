# Another base image, or this one pinned by its digest:
# docker build --build-arg PYTHON_IMAGE=python:3.13-slim@sha256:<digest> .
ARG PYTHON_IMAGE=python:3.13-slim

# What is built here and not taken along leaves nothing in the image.
FROM ${PYTHON_IMAGE} AS build
# Any version of binutils has the one command that is wanted, and none of it is taken along.
# hadolint ignore=DL3008
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends binutils
COPY requirements.lock /src/
# The base image's pip installs into the environment from outside, so none is left in it. Tests, type
# stubs, headers and symbols for debuggers are a fifth of the libraries; those in *.libs have been patched,
# which strip takes badly, and have none. Bytecode is compiled last and once, since at run time nobody may
# write any.
RUN python -m venv --without-pip /opt/venv \
 && pip --python /opt/venv install --no-cache-dir --disable-pip-version-check --no-compile \
      --require-hashes -r /src/requirements.lock \
 && find /opt/venv -type d \( -name tests -o -name testing -not -path '*/numpy/*' -o -path '*/onnx/backend/test' \) \
      -prune -exec rm -r {} + \
 && find /opt/venv -type f -regex '.*\.\(pyi\|pyx\|pxd\|h\|hpp\|c\|cc\|cpp\|a\|proto\)' -delete \
 && find /opt/venv -type f -name '*.so' -not -path '*.libs/*' -exec strip --strip-debug {} + \
 && /opt/venv/bin/python -m compileall -q /opt/venv/lib
# Our own code is copied, not installed: that would fetch a build backend which no lock pins.
COPY LICENSE /opt/mnistry/
COPY engine /opt/mnistry/engine
COPY app /opt/mnistry/app
RUN /opt/venv/bin/python -m compileall -q /opt/mnistry

FROM ${PYTHON_IMAGE}
# Nothing is installed from here on: the base image's pip, and the copy that would bring it back, go.
# A new volume takes over the owner of the directory that it is mounted on.
RUN python -c 'import ensurepip, glob, pip, shutil; [shutil.rmtree(p) for m in (ensurepip, pip) for p in glob.glob(m.__path__[0] + "*")]' \
 && rm -f /usr/bin/pip* /usr/local/bin/pip* \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin mnistry \
 && install -d -o mnistry -g mnistry /data
# Two layers: a new version of the code alone is a small one.
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/mnistry /opt/mnistry
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/mnistry \
    PYTHONUNBUFFERED=1 \
    MNISTRY_HOST=0.0.0.0 \
    MNISTRY_PORT=8000 \
    MNISTRY_DATA_DIR=/data
# By number, so that an orchestrator sees that it is not root.
USER 10001:10001
VOLUME /data
EXPOSE 8000
# Jobs in training are put back first, within 12 seconds: docker stop -t 20.
STOPSIGNAL SIGTERM
# Ready, not just alive: the database answers and a trainer is there. It names a host that the service
# knows, and goes past any proxy that the environment names. For a trainer alone: --no-healthcheck.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-c", "from http.client import HTTPConnection as C; from os import environ as e; c = C('127.0.0.1', int(e['MNISTRY_PORT']), timeout=2); c.request('GET', '/readyz', headers={'Host': (e.get('MNISTRY_ALLOWED_HOSTS') or 'localhost').split(',')[0].strip()}); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]
