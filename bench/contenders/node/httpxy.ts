import { Agent, createServer } from "node:http";
import type { Socket } from "node:net";
import { createProxyServer } from "httpxy";
import { chooseVersion, jobOfArguments, listenAndTell } from "./node-job.ts";

const job = jobOfArguments();
const agent = new Agent({ keepAlive: true });
const proxy = createProxyServer({ agent, xfwd: true });
const targetOf = (version: "v1" | "v2"): string => `http://${job.endpoints[version][0]}`;

proxy.on("error", (_error, _request, response) => {
  if (response !== undefined && "writeHead" in response) response.writeHead(502);
  response?.end();
});

const server = createServer((request, response) => {
  void proxy.web(request, response, {
    target: targetOf(chooseVersion(job, request.headers.cookie)),
  });
});
server.on("upgrade", (request, socket, head) => {
  const target = targetOf(chooseVersion(job, request.headers.cookie));
  // A tunnel cannot use an agent's connection: see the manual on WebSockets.
  void proxy.ws(request, socket as Socket, { target, agent: undefined }, head);
});
listenAndTell(server);
