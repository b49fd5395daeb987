# docker build -t holdfast .                          the command, with the files of the npm package
# docker build -t holdfast-targets --target targets . the reference targets, for docker-compose.yml
FROM node:20-bookworm-slim AS build
WORKDIR /holdfast
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm pack --silent --ignore-scripts && tar -xzf holdfast-*.tgz

FROM build AS targets
USER node

FROM node:20-bookworm-slim
WORKDIR /opt/holdfast
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts
COPY --from=build /holdfast/package ./
RUN ln -s /opt/holdfast/dist/harness/cli/main.js /usr/local/bin/holdfast && mkdir /work && chown node:node /work
# Results are written here.
WORKDIR /work
USER node
HEALTHCHECK --interval=60s --timeout=20s CMD ["holdfast", "doctor"]
ENTRYPOINT ["holdfast"]
CMD ["--help"]
