import { haproxy } from "../contenders/haproxy.ts";
import { nginx } from "../contenders/nginx.ts";
import type { RunningContender } from "../contenders/contender.ts";
import { startServer } from "../contenders/server.ts";
import { sluice, startSluice } from "../contenders/sluice.ts";
import type { Cores } from "../system/cores.ts";
import { nginxArguments, nginxConfig } from "../system/nginx-parts.ts";
import { HEALTH_PATH } from "./sickness.ts";
import type { Trial } from "./trials.ts";

/** Connections of a proxy, both sides counted: more than the load opens. */
const CONNECTIONS_MAX = 4_000;

/** Requests at once at an endpoint, where a trial limits them, and how long one waits for that. */
const LIMIT = { perEndpoint: 2, waitMs: 100 };

/** What a contestant is put in front of. `dead`: an address where nobody listens. */
export type Front = {
  readonly trial: Trial;
  readonly endpoints: readonly string[];
  readonly dead: string;
};

/** A proxy that is put to the trials. */
export type Contestant = {
  readonly name: string;
  /** Its version. undefined: it is not installed. */
  version(): Promise<string | undefined>;
  start(front: Front, cores: Cores): Promise<RunningContender>;
};

/**
 * All three as their manuals advise, and alike: 1 s to connect, 2 s to answer, one more try where
 * an endpoint cannot be reached or does not answer. Nobody repeats what was answered with 500: that
 * may have done its work.
 */
export const CONTESTANTS: readonly Contestant[] = [
  {
    name: "sluice",
    // From source: nothing is built.
    version: async () => (await sluice.version()) ?? "source",
    start: (front, cores) => startSluice(sluiceConfig(front), cores),
  },
  {
    name: "nginx",
    version: () => nginx.version(),
    start: (front, cores) =>
      startServer(cores, async ({ folder, port }) => {
        const http = nginxBlock(front, port);
        const text = nginxConfig(folder, { http, connectionsMax: CONNECTIONS_MAX });
        const config = await folder.write("nginx.conf", text);
        return { program: "nginx", arguments: nginxArguments(folder, config) };
      }),
  },
  {
    name: "haproxy",
    version: () => haproxy.version(),
    start: (front, cores) =>
      startServer(cores, async ({ folder, port }) => {
        const config = await folder.write("haproxy.cfg", haproxyConfig(front, port));
        return { program: "haproxy", arguments: ["-db", "-f", config] };
      }),
  },
];

function sluiceConfig({ trial: { extra }, endpoints, dead }: Front): object {
  const inFlight = LIMIT.perEndpoint * endpoints.length;
  const limits = { limits: { inFlight, pendingTimeout: `${LIMIT.waitMs}ms` } };
  const v2 = extra === "canary" ? { v2: { weight: 10, endpoints: [dead] } } : {};
  const web = {
    versions: { v1: { weight: 90, endpoints }, ...v2 },
    healthCheck: { path: HEALTH_PATH, interval: "1s", timeout: "1s", rise: 2, fall: 3 },
    connectTimeout: "1s",
    responseTimeout: "2s",
    retries: { on: ["connect", "reset-before-response", "timeout"] },
    ...(extra === "limits" ? limits : { hedge: { after: "p95" } }),
    ...(extra === "buffer" ? { buffer: { request: "64KiB" } } : {}),
  };
  return {
    listeners: [{ bind: "127.0.0.1:0" }],
    control: { bind: "127.0.0.1:0" },
    drain: { acceptFor: "0" },
    services: { web },
  };
}

/** ngx_http_upstream_module: least_conn, kept connections, and failures as by default. */
function nginxBlock({ trial: { extra }, endpoints, dead }: Front, port: number): string {
  const most = extra === "limits" ? ` max_conns=${LIMIT.perEndpoint}` : "";
  const servers = endpoints.map((each) => `server ${each}${most};`);
  const backups = endpoints.map((each) => `server ${each} backup;`);
  return `  upstream v1 { least_conn; ${servers.join(" ")} keepalive 256; }
  upstream v2 { server ${dead}; ${backups.join(" ")} keepalive 256; }
  split_clients "$request_id" $version { ${extra === "canary" ? "10% v2; " : ""}* v1; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://$version;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_connect_timeout 1s;
      proxy_read_timeout 2s;
      proxy_next_upstream error timeout;
      proxy_next_upstream_tries 2;
    }
  }`;
}

/** Its configuration manual: leastconn, checks, and 5 errors in a row that end a server. */
function haproxyConfig({ trial: { extra }, endpoints, dead }: Front, port: number): string {
  const most = extra === "limits" ? ` maxconn ${LIMIT.perEndpoint}` : "";
  const lines = endpoints.map((each, at) => `  server s${at} ${each}${most}`);
  return `global
  nbthread 1
  maxconn ${CONNECTIONS_MAX}
defaults
  mode http
  balance leastconn
  timeout connect 1s
  timeout client 60s
  timeout server 2s
  timeout queue ${LIMIT.waitMs}ms
  http-reuse always
  retries 1
  option redispatch 1
  retry-on conn-failure empty-response response-timeout
  option httpchk GET ${HEALTH_PATH}
  default-server check inter 1s fall 3 rise 2 observe layer7 error-limit 5 on-error mark-down
frontend web
  bind 127.0.0.1:${port} backlog 4096
${extra === "buffer" ? "  option http-buffer-request\n" : ""}\
${extra === "canary" ? "  use_backend v2 if { rand(100) lt 10 } { nbsrv(v2) gt 0 }\n" : ""}\
  default_backend v1
backend v1
${lines.join("\n")}
backend v2
  server dead ${dead}
`;
}
