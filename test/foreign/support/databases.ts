import { chown, mkdtemp } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { freePorts } from "../../../control/cli/demo/children.ts";
import { ForeignServer, runProgram } from "./foreign-process.ts";
import { findProgram, program } from "./programs.ts";

/** Debian's own user for it: PostgreSQL refuses to run as root. */
const POSTGRES_USER = "postgres";

/** A Redis that keeps nothing. */
export async function startRedis(more: readonly string[] = []): Promise<ForeignServer> {
  const [port] = await freePorts();
  const folder = await mkdtemp(join(tmpdir(), "sluice-redis-"));
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder, ...more];
  return ForeignServer.start(port, program("redis-server"), args, { ownFolder: folder });
}

/** A PostgreSQL that believes everybody, with the tables that pgbench wants. */
export async function startPostgres(): Promise<ForeignServer> {
  const [port] = await freePorts();
  const folder = await mkdtemp(join(tmpdir(), "sluice-postgres-"));
  if (isRoot()) await chown(folder, await idOf("-u"), await idOf("-g"));
  const data = join(folder, "data");
  const init = ["--pgdata", data, "--username", "shop", "--auth", "trust", "--no-sync"];
  await expectSuccess(...asPostgres("initdb", init));
  const settings = ["fsync=off", "unix_socket_directories=", "max_connections=200"];
  const options = settings.flatMap((setting) => ["-c", setting]);
  const [file, args] = asPostgres("postgres", ["-D", data, "-p", `${port}`, ...options]);
  const server = await ForeignServer.start(port, file, args, { cwd: folder, ownFolder: folder });
  const to = ["-h", "127.0.0.1", "-p", `${port}`, "-U", "shop"];
  await expectSuccess(program("pgbench"), [...to, "-i", "-q", "postgres"]);
  return server;
}

/** Whether what a user of PostgreSQL needs is here. */
export function hasPostgres(): boolean {
  return ["initdb", "postgres", "pgbench"].every((name) => findProgram(name) !== undefined);
}

async function expectSuccess(file: string, args: readonly string[]): Promise<void> {
  const { status, error, out } = await runProgram(file, args);
  if (status !== 0) throw new Error(`Cannot run ${file}: ${error}${out}`);
}

function asPostgres(name: string, args: readonly string[]): [string, readonly string[]] {
  if (!isRoot()) return [program(name), args];
  const user = ["--reuid", POSTGRES_USER, "--regid", POSTGRES_USER, "--clear-groups"];
  return [program("setpriv"), [...user, program(name), ...args]];
}

function isRoot(): boolean {
  return userInfo().uid === 0;
}

async function idOf(which: "-u" | "-g"): Promise<number> {
  return Number((await runProgram(program("id"), [which, POSTGRES_USER])).out);
}
