# The worker, and the client beside it. glibc, since Temporal's core and PostgreSQL's binaries want it.
FROM node:24.21.0-bookworm-slim

RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY . .

RUN mkdir /data /files && chown node /data /files
USER node
ENV NODE_ENV=production NODE_OPTIONS=--max-old-space-size=1024 MALLOC_MMAP_THRESHOLD_=262144
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 CMD ["node", "workers/health.ts"]
# Exec form: SIGTERM reaches the worker, which ends what is under way.
CMD ["node", "--max-semi-space-size=8", "--initial-old-space-size=128", "--v8-pool-size=1", "workers/worker.ts"]
