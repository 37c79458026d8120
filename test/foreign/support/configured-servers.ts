import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../../../control/cli/demo/children.ts";
import { ForeignServer } from "./foreign-process.ts";
import { program } from "./programs.ts";

/** What a configuration is made from. */
export type Place = {
  /** Where it has to listen, at 127.0.0.1. */
  readonly port: number;
  /** Empty but for its files; goes away with it. */
  readonly folder: string;
};

/** nginx with its defaults. `servers`: what its http block has. `files`: to serve, by name. */
export async function startNginx(
  servers: (place: Place) => string,
  files: Readonly<Record<string, string>> = {},
): Promise<ForeignServer> {
  const [port] = await freePorts();
  const folder = await folderFor("nginx");
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const config = `
    daemon off;
    ${process.getuid?.() === 0 ? "user root;" : ""}
    pid ${folder}/pid;
    error_log stderr;
    events {}
    http {
      access_log off;
      ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((name) => `${name}_temp_path ${folder}/${name};`)
        .join("\n")}
      ${servers({ port, folder })}
    }`;
  const file = join(folder, "nginx.conf");
  await writeFile(file, config);
  const args = ["-p", folder, "-e", "stderr", "-c", file];
  return ForeignServer.start(port, program("nginx"), args, { ownFolder: folder });
}

/** HAProxy with a configuration of its frontends and backends. */
export async function startHaproxy(sections: (place: Place) => string): Promise<ForeignServer> {
  const [port] = await freePorts();
  const folder = await folderFor("haproxy");
  const config = `
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
${sections({ port, folder })}
`;
  const file = join(folder, "haproxy.cfg");
  await writeFile(file, config);
  const args = ["-db", "-f", file];
  return ForeignServer.start(port, program("haproxy"), args, { ownFolder: folder });
}

/** Envoy with these listeners and clusters, at the port that they are made for. */
export async function startEnvoy(
  resources: (place: Place) => { readonly listeners: object[]; readonly clusters: object[] },
): Promise<ForeignServer> {
  const [port] = await freePorts();
  const folder = await folderFor("envoy");
  const file = join(folder, "envoy.json");
  await writeFile(file, JSON.stringify({ static_resources: resources({ port, folder }) }));
  const quiet = ["--log-level", "error", "--disable-hot-restart", "--concurrency", "1"];
  return ForeignServer.start(port, program("envoy"), ["-c", file, ...quiet], {
    ownFolder: folder,
  });
}

function folderFor(name: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `sluice-${name}-`));
}
