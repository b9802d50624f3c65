FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /opt/samspill \
    && /opt/samspill/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY gateway gateway
COPY adapters adapters
COPY mappings mappings
COPY certs certs
RUN /opt/samspill/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
COPY --from=build /opt/samspill /opt/samspill
ENV PATH=/opt/samspill/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --system --create-home --home-dir /var/lib/samspill samspill
WORKDIR /var/lib/samspill
USER samspill
EXPOSE 8443
ENTRYPOINT ["samspill"]
