# The service as it runs in production: against a PostgreSQL of your own, named by DATABASE_URL.
#   docker build -t shelter-capacity .
#   docker run --rm -e DATABASE_URL=postgres://… shelter-capacity node src/main.ts migrate
#   docker run -e DATABASE_URL=postgres://… -p 3000:3000 shelter-capacity
#   docker run --rm -e DATABASE_URL=postgres://… shelter-capacity node src/main.ts keys issue --name N --role R

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# No development dependency has a place here, and no install script of a dependency runs.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 KEY_ENVIRONMENT=prod
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY migrations migrations
COPY openapi openapi
COPY src src
USER node
EXPOSE 3000
# Alive, not ready: a database that is away is no reason to restart the service.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is process 1, so that SIGTERM reaches it and it drains.
CMD ["node", "--max-semi-space-size=64", "src/main.ts", "serve"]
