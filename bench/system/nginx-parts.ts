import type { WorkFolder } from "./work-folder.ts";

/**
 * Requests that one connection may carry: the default of 1000 would make this a test of connects.
 */
export const REQUESTS_PER_CONNECTION = 1_000_000_000;

const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/** What an nginx.conf of ours is made of. */
export type NginxConfig = {
  /** Contents of the http block. */
  readonly http: string;
  /**
   * Connections of the one worker, both sides and listening sockets. Each takes memory at start.
   */
  readonly connectionsMax: number;
};

/** A whole nginx.conf: one worker, no access log, nothing outside `folder`. */
export function nginxConfig(folder: WorkFolder, { http, connectionsMax }: NginxConfig): string {
  const temporary = TEMPORARY.map((name) => `  ${name}_temp_path ${folder.path}/${name};`);
  return `daemon off;
worker_processes 1;
worker_rlimit_nofile ${connectionsMax};
pid ${folder.path}/nginx.pid;
error_log stderr crit;
events { worker_connections ${connectionsMax}; }
http {
  access_log off;
  default_type text/plain;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests ${REQUESTS_PER_CONNECTION};
${temporary.join("\n")}
${http}
}
`;
}

/** How nginx is started with a configuration file. */
export function nginxArguments(folder: WorkFolder, config: string): readonly string[] {
  return ["-p", folder.path, "-e", "stderr", "-c", config];
}
