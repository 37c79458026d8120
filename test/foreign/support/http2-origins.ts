import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { freePorts } from "../../../control/cli/demo/children.ts";
import { startNginx } from "./configured-servers.ts";
import { ForeignServer } from "./foreign-process.ts";
import type { BedFiles, Scheme } from "./http2-bed.ts";
import { ownProgram, program } from "./programs.ts";

/** A server of HTTP/2 that others wrote. */
export type Http2Server = {
  readonly name: string;
  readonly needs: readonly string[];
  /** What it does otherwise than the clients expect. undefined: not at all. */
  readonly differs: Readonly<Record<string, unknown>>;
  /** Starts it; `behind`: an origin of HTTP/1.1 for those that only pass on. */
  readonly start: (scheme: Scheme, files: BedFiles, behind: string) => Promise<ForeignServer>;
};

/** Servers of all kinds. */
export const HTTP2_SERVERS: readonly Http2Server[] = [
  {
    name: "Go's net/http",
    needs: ["http2-origin"],
    differs: {},
    start: (scheme, { cert, key }) =>
      onFreePort(program("http2-origin"), (port) => [
        port,
        ...(isSecure(scheme) ? [cert, key] : []),
      ]),
  },
  {
    name: "nghttpd",
    needs: ["nghttpd"],
    // It has files, and says in its own words that one is not there.
    differs: { error: expect.stringContaining("2 404 "), trailers: "2 200 x | undefined" },
    start: startNghttpd,
  },
  {
    name: "nginx",
    needs: ["nginx"],
    // nginx 1.22 takes trailers of a request for an error of the connection.
    differs: { trailers: undefined },
    start: (scheme, { cert, key }, behind) =>
      startNginx(({ port }) => {
        const tls = isSecure(scheme) ? `ssl_certificate ${cert}; ssl_certificate_key ${key};` : "";
        return `server {
          listen 127.0.0.1:${port} ${isSecure(scheme) ? "ssl" : ""} http2;
          ${tls}
          client_max_body_size 0;
          location / { proxy_pass http://${behind}; }
        }`;
      }),
  },
  {
    name: "hypercorn",
    needs: ["hypercorn"],
    // ASGI shows no trailers of a request.
    differs: { trailers: "2 418 short and stout | undefined" },
    start: (scheme, { cert, key }) => {
      const tls = isSecure(scheme) ? ["--certfile", cert, "--keyfile", key] : [];
      const env = { PYTHONPATH: ownProgram(""), PYTHONDONTWRITEBYTECODE: "1" };
      const args = (port: string): readonly string[] => ["--bind", `127.0.0.1:${port}`, ...tls];
      return onFreePort(program("hypercorn"), (port) => [...args(port), "asgi_app:app"], env);
    },
  },
];

/** The folder has a file for each path, and an upload comes back as it is. */
async function startNghttpd(scheme: Scheme, { cert, key }: BedFiles): Promise<ForeignServer> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-nghttpd-"));
  await mkdir(join(folder, "number"));
  await writeFile(join(folder, "hello"), "hello");
  await writeFile(join(folder, "version"), "v1");
  for (const path of ["echo", "trailers"]) await writeFile(join(folder, path), "");
  for (let number = 0; number < 32; number += 1) {
    await writeFile(join(folder, "number", String(number)), `${number}\n`);
  }
  const [port] = await freePorts();
  const common = ["--address=127.0.0.1", `--htdocs=${folder}`, "--echo-upload", String(port)];
  const args = isSecure(scheme) ? [...common, key, cert] : ["--no-tls", ...common];
  return ForeignServer.start(port, program("nghttpd"), args, { ownFolder: folder });
}

function isSecure(scheme: Scheme): boolean {
  return scheme === "https";
}

async function onFreePort(
  file: string,
  args: (port: string) => readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ForeignServer> {
  const [port] = await freePorts();
  return ForeignServer.start(port, file, args(String(port)), { env });
}
