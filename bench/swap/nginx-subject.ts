import { nginx } from "../contenders/nginx.ts";
import { startServer } from "../contenders/server.ts";
import type { CertificateFiles } from "../origin/certificate-files.ts";
import { nginxArguments, nginxConfig } from "../system/nginx-parts.ts";
import { replaceBySignal } from "./subject.ts";
import type { Subject } from "./subject.ts";

/** Connections of a worker, both sides counted: more than the load opens. */
const CONNECTIONS_MAX = 4_000;

/** nginx and its reload: new workers, and the old ones close what is idle and end when they can. */
export const nginxSubject: Subject = {
  name: "nginx",
  how: "SIGHUP",
  version: () => nginx.version(),
  async start(endpoint, cores, files) {
    const server = await startServer(cores, async ({ folder, port }) => {
      const http = httpBlock(endpoint, port, files);
      const text = nginxConfig(folder, { http, connectionsMax: CONNECTIONS_MAX });
      const config = await folder.write("nginx.conf", text);
      return { program: "nginx", arguments: nginxArguments(folder, config) };
    });
    return { ...server, replace: () => replaceBySignal(server.pid, "SIGHUP") };
  },
};

function httpBlock(endpoint: string, port: number, files: CertificateFiles | undefined): string {
  const tls =
    files === undefined
      ? ""
      : `ssl_certificate ${files.server.cert}; ssl_certificate_key ${files.server.key};`;
  return `  map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
  upstream web { server ${endpoint}; keepalive 256; }
  server {
    listen 127.0.0.1:${port}${tls === "" ? "" : " ssl"} backlog=4096;
    ${tls}
    keepalive_timeout 3600s;
    location / {
      proxy_pass http://web;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_read_timeout 3600s;
    }
  }`;
}
