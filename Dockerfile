# Builds the program with its libraries inside, then copies it beside the Node that npm brings too.
FROM node:26.10.0-slim@sha256:ec7758ee051e457b468b32bde57b0879010b325bb9862718e9615225ce4aaae1 AS build
WORKDIR /sluice
COPY package.json package-lock.json .npmrc rolldown.config.ts LICENSE ./
RUN npm ci
COPY proxy proxy
COPY control control
RUN npm run build

FROM node:26.10.0-slim@sha256:ec7758ee051e457b468b32bde57b0879010b325bb9862718e9615225ce4aaae1
ENV NODE_ENV=production
WORKDIR /sluice
COPY --from=build /sluice/dist dist
COPY package.json LICENSE ./
# Relative paths of a configuration, such as ./sluice.state.json, are here.
RUN mkdir -p /var/lib/sluice && chown node:node /var/lib/sluice
WORKDIR /var/lib/sluice
USER node
EXPOSE 8080
# Asks the control API where the default, or SLUICE_API, says that it is (unix:/PATH too).
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "/sluice/dist/control/cli/main.js", "status", "--check"]
# The exec form: SIGTERM reaches Sluice itself, which drains.
ENTRYPOINT ["node", "/sluice/dist/control/cli/main.js"]
CMD ["run", "-c", "/etc/sluice/sluice.yaml"]
