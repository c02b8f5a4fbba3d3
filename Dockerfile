# The images of runvoy: `sh tools/image/build.sh --target orchestrator .`, and so `processor` (also the intake), `websocket`, `sidecar`,
# and `fakes`, which stands for Google in docker-compose.emulators.yml. What they are made from stands in Dockerfile.args. A test goes
# through the steps: test/images.e2e.test.ts.
ARG NODE_IMAGE
ARG SIDECAR_BASE
ARG SERVICE_BASE
ARG RELEASE=development
ARG REVISION=unknown

# What npm reads, apart, so that a change of a source installs nothing again.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete

FROM ${NODE_IMAGE} AS service-packages
WORKDIR /app
COPY --from=manifests /app .
# Types and maps are nothing to a service, and nearly half of what Google's clients are.
RUN npm ci --omit=dev --ignore-scripts -w services/orchestrator -w services/processor -w services/websocket \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete

# One file of a service and of the small packages it uses, and one for each part that is loaded on first use.
FROM ${NODE_IMAGE} AS bundles
WORKDIR /app
COPY --from=manifests /app .
RUN npm ci --ignore-scripts
COPY libs libs
COPY services services
COPY tools/image tools/image
RUN ["node", "tools/image/bundle.ts", "bundles", "orchestrator", "processor", "websocket"]

# The web viewer, which the orchestrator serves.
FROM ${NODE_IMAGE} AS console
WORKDIR /app
COPY --from=manifests /app .
RUN npm ci --ignore-scripts
COPY libs/protocol libs/protocol
COPY clients clients
RUN ["node", "node_modules/vite/bin/vite.js", "build", "clients/console"]

FROM ${NODE_IMAGE} AS sidecar-packages
WORKDIR /app
COPY --from=manifests /app .
RUN npm ci --omit=dev --ignore-scripts -w jobs/sandbox-runner

FROM ${NODE_IMAGE} AS fakes-packages
WORKDIR /app
COPY --from=manifests /app .
RUN npm ci --omit=dev --ignore-scripts -w libs/google-fakes -w jobs/sandbox-runner

# Node and the one library it needs that the base of the services lacks.
FROM ${NODE_IMAGE} AS node
RUN mkdir -p /node/usr/local/bin /node/usr/lib \
  && cp /usr/local/bin/node /node/usr/local/bin/ \
  && cp --dereference /usr/lib/*-linux-gnu/libatomic.so.1 /node/usr/lib/

FROM ${NODE_IMAGE} AS static-shell
RUN apt-get update && apt-get install -y --no-install-recommends busybox-static

# No shell, no package manager, and nobody's user.
FROM ${SERVICE_BASE} AS service
COPY --from=node /node /
WORKDIR /app
COPY --from=service-packages /app/node_modules node_modules
COPY package.json .
COPY tools/image/compile.ts tools/image/
COPY tools/emulated/deployment.ts tools/emulated/service-process.ts tools/emulated/
ENV NODE_ENV=production NODE_COMPILE_CACHE=/home/nonroot/compiled PORT=8080
# The cache is kept apart for each user.
USER 65532:65532
EXPOSE 8080

FROM service AS orchestrator
COPY --from=bundles /app/bundles/orchestrator service
COPY --from=console /app/clients/console/dist console
RUN ["node", "tools/image/compile.ts", "service/main.mjs", "@google-cloud/run", "@google-cloud/secret-manager"]
ARG SERVICE_BASE
ARG RELEASE
ARG REVISION
LABEL org.opencontainers.image.title="runvoy orchestrator" \
  org.opencontainers.image.description="The public API of runvoy: accepts a run, stores it and starts it" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.base.name="${SERVICE_BASE}" \
  org.opencontainers.image.version="${RELEASE}" \
  org.opencontainers.image.revision="${REVISION}"
ENTRYPOINT ["node", "service/main.mjs"]

FROM service AS processor
COPY --from=bundles /app/bundles/processor service
RUN ["node", "tools/image/compile.ts", "service/main.mjs", "@google-cloud/run", "@google-cloud/pubsub", "@google-cloud/secret-manager"]
ARG SERVICE_BASE
ARG RELEASE
ARG REVISION
LABEL org.opencontainers.image.title="runvoy processor" \
  org.opencontainers.image.description="Takes in what platform, schedule and runners of runvoy say; also the intake" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.base.name="${SERVICE_BASE}" \
  org.opencontainers.image.version="${RELEASE}" \
  org.opencontainers.image.revision="${REVISION}"
ENTRYPOINT ["node", "service/main.mjs"]

FROM service AS websocket
COPY --from=bundles /app/bundles/websocket service
RUN ["node", "tools/image/compile.ts", "service/main.mjs"]
ARG SERVICE_BASE
ARG RELEASE
ARG REVISION
LABEL org.opencontainers.image.title="runvoy websocket" \
  org.opencontainers.image.description="The live view of runvoy: lines and status of runs as they come" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.base.name="${SERVICE_BASE}" \
  org.opencontainers.image.version="${RELEASE}" \
  org.opencontainers.image.revision="${REVISION}"
ENTRYPOINT ["node", "service/main.mjs"]

# Runs beside a command. As root, because the volume it prepares is mounted by the platform with a mode nobody has promised; git has
# a shell in it, so it cannot do without one.
FROM ${SIDECAR_BASE} AS sidecar
RUN apk add --no-cache ca-certificates git openssh-client-default
COPY --from=static-shell /usr/bin/busybox /usr/local/lib/runvoy/busybox
WORKDIR /app
COPY --from=sidecar-packages /app/node_modules node_modules
COPY package.json .
COPY libs/protocol libs/protocol
COPY jobs/sandbox-runner jobs/sandbox-runner
COPY tools/image/compile-sidecar.ts tools/image/
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/compiled
RUN ["node", "tools/image/compile-sidecar.ts"]
ARG SIDECAR_BASE
ARG RELEASE
ARG REVISION
LABEL org.opencontainers.image.title="runvoy sidecar" \
  org.opencontainers.image.description="Runs beside every command of runvoy: fetches what to run, captures its output, reports its end" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.base.name="${SIDECAR_BASE}" \
  org.opencontainers.image.version="${RELEASE}" \
  org.opencontainers.image.revision="${REVISION}"
ENTRYPOINT ["node", "jobs/sandbox-runner/src/main.ts", "sidecar"]

# Google's part on a machine without Google. Its Cloud Run runs the containers of a task in bubblewrap, on this image's programs.
FROM ${NODE_IMAGE} AS fakes
RUN apt-get update \
  && apt-get install -y --no-install-recommends bubblewrap busybox-static ca-certificates git python3 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=fakes-packages /app/node_modules node_modules
COPY package.json .
COPY libs/protocol libs/protocol
COPY libs/google-fakes libs/google-fakes
COPY jobs/sandbox-runner jobs/sandbox-runner
COPY tools/emulated tools/emulated
ENTRYPOINT ["node", "tools/emulated/serve-fakes.ts"]
