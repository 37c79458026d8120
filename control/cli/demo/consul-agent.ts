import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { CliError } from "../cli-error.ts";
import { freePorts } from "./children.ts";
import type { StagePlace } from "./stage.ts";

/** What Consul calls a port that is switched off. */
const OFF = -1;

/**
 * Starts a Consul agent in development mode, on ports of its own and with nothing on disk, and
 * gives its URL. @throws CliError no_consul when there is no program, demo_start when it does not
 * come up
 */
export async function startConsul(
  place: Pick<StagePlace, "children" | "directory">,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const file = await findConsul(env);
  const [http, server] = await freePorts();
  const [serf] = await freePorts();
  const ports = { http, server, serf_lan: serf, serf_wan: OFF, ...(await unusedPorts(file)) };
  const settings = join(place.directory, "consul.json");
  await writeFile(settings, JSON.stringify({ ports, disable_update_check: true }));
  const args = [
    "agent",
    "-dev",
    "-bind=127.0.0.1",
    "-client=127.0.0.1",
    `-config-file=${settings}`,
  ];
  const url = `http://127.0.0.1:${http}`;
  await place.children.startProgram({ name: "Consul", file, args }, async () => hasLeader(url));
  return url;
}

/**
 * Ports that an agent of this program would open by itself, switched off, so that it runs beside
 * others. Releases before 1.14 refuse to hear of one that they do not know.
 */
export async function unusedPorts(file: string): Promise<Readonly<Record<string, number>>> {
  const { stdout } = await promisify(execFile)(file, ["version"]);
  const [, major = 0, minor = 0] = /v(\d+)\.(\d+)/.exec(stdout) ?? [];
  const hasGrpcTls = Number(major) > 1 || Number(minor) >= 14;
  return { dns: OFF, grpc: OFF, ...(hasGrpcTls && { grpc_tls: OFF }) };
}

/** CONSUL_BIN, else `consul` on PATH. @throws CliError no_consul */
export async function findConsul(env: NodeJS.ProcessEnv): Promise<string> {
  const named = env["CONSUL_BIN"] ?? "";
  const onPath = (env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "consul"));
  for (const file of named === "" ? onPath : [named]) {
    const isProgram = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isProgram) return file;
  }
  const found = named === "" ? "neither" : `no program at CONSUL_BIN (${named})`;
  const message =
    "Cannot find Consul: wanted its program in CONSUL_BIN or on PATH, or the URL of an agent " +
    "that " +
    `runs (--consul http://127.0.0.1:8500), found ${found}`;
  throw new CliError("no_consul", message);
}

async function hasLeader(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/v1/status/leader`, { signal: AbortSignal.timeout(1_000) });
    return answer.ok && (await answer.json()) !== "";
  } catch {
    return false;
  }
}
