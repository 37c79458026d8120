import { Agent, createServer } from "node:http";
import httpProxy from "http-proxy";
import { chooseVersion, jobOfArguments, listenAndTell } from "./node-job.ts";

const job = jobOfArguments();
const agent = new Agent({ keepAlive: true });
const proxy = httpProxy.createProxyServer({ agent, xfwd: true });
const targetOf = (version: "v1" | "v2"): string => `http://${job.endpoints[version][0]}`;

proxy.on("error", (_error, _request, response) => {
  if ("writeHead" in response) response.writeHead(502);
  response.end();
});

const server = createServer((request, response) =>
  proxy.web(request, response, { target: targetOf(chooseVersion(job, request.headers.cookie)) }),
);
server.on("upgrade", (request, socket, head) =>
  proxy.ws(request, socket, head, { target: targetOf(chooseVersion(job, request.headers.cookie)) }),
);
listenAndTell(server);
