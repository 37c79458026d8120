import httpProxy from "@fastify/http-proxy";
import fastify from "fastify";
import { chooseVersion, jobOfArguments, tellPort } from "./node-job.ts";

const job = jobOfArguments();
const app = fastify({ logger: false, keepAliveTimeout: 60_000 });

await app.register(httpProxy, {
  // Empty: getUpstream chooses, as the manual says.
  upstream: "",
  undici: { connections: 1024, pipelining: 1 },
  replyOptions: {
    getUpstream: (request) =>
      `http://${job.endpoints[chooseVersion(job, request.headers.cookie)][0]}`,
    rewriteRequestHeaders: (request, fields) => ({
      ...fields,
      "x-forwarded-for": request.socket.remoteAddress ?? "unknown",
      "x-forwarded-proto": "http",
      "x-forwarded-host": request.headers.host ?? "",
    }),
  },
});
await app.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
tellPort(app.server);
