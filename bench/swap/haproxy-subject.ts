import { haproxy } from "../contenders/haproxy.ts";
import { startServer } from "../contenders/server.ts";
import type { CertificateFiles } from "../origin/certificate-files.ts";
import { replaceBySignal } from "./subject.ts";
import type { Subject } from "./subject.ts";

/** HAProxy as master and worker, and its reload: the listening sockets go to a new worker. */
export const haproxySubject: Subject = {
  name: "haproxy",
  how: "-W, SIGUSR2",
  version: () => haproxy.version(),
  async start(endpoint, cores, files) {
    const server = await startServer(cores, async ({ folder, port }) => {
      const config = await folder.write(
        "haproxy.cfg",
        configOf(endpoint, `${port}${tlsOf(files)}`),
      );
      return { program: "haproxy", arguments: ["-W", "-db", "-f", config] };
    });
    return { ...server, replace: () => replaceBySignal(server.pid, "SIGUSR2") };
  },
};

function tlsOf(files: CertificateFiles | undefined): string {
  return files === undefined ? "" : ` ssl crt ${files.server.both}`;
}

/** `entrance`: its port, and what it speaks there. */
function configOf(endpoint: string, entrance: string): string {
  return `global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  timeout http-keep-alive 1h
listen web
  bind 127.0.0.1:${entrance} backlog 4096
  server one ${endpoint}
`;
}
