import { freePorts } from "../../../control/cli/demo/children.ts";
import { buildGo } from "./go-programs.ts";
import { ForeignServer } from "./foreign-process.ts";
import type { RunOptions } from "./foreign-process.ts";
import { NODE_ENVIRONMENT, ownProgram, program } from "./programs.ts";

/** Where an application of Python is found by its module's name. */
const PYTHON_ENVIRONMENT = { PYTHONPATH: ownProgram(""), PYTHONDONTWRITEBYTECODE: "1" };

/** gunicorn with an application such as `flask_app:app`; one sync worker unless told otherwise. */
export function startGunicorn(
  app: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ForeignServer> {
  return onFreePort(program("gunicorn"), (port) => ["--bind", `127.0.0.1:${port}`, ...args, app], {
    env: { ...PYTHON_ENVIRONMENT, ...env },
  });
}

/** As startGunicorn(), at a Unix socket. */
export function startGunicornAt(
  path: string,
  app: string,
  args: readonly string[] = [],
): Promise<ForeignServer> {
  const all = ["--bind", `unix:${path}`, ...args, app];
  return ForeignServer.startAt(path, program("gunicorn"), all, { env: PYTHON_ENVIRONMENT });
}

/** A program of Python that the tests bring; it gets the port as its argument. */
export function startPython(name: string): Promise<ForeignServer> {
  return onFreePort(program("python"), (port) => [ownProgram(name), String(port)], {
    env: PYTHON_ENVIRONMENT,
  });
}

/** The server of files that Python brings: it answers a POST with 501 and does not read it. */
export function startHttpServer(): Promise<ForeignServer> {
  return onFreePort(program("python"), (port) => {
    return ["-m", "http.server", String(port), "--bind", "127.0.0.1"];
  });
}

/** A program of Node that the tests bring; it gets the port as its argument, then `args`. */
export function startNode(name: string, ...args: readonly string[]): Promise<ForeignServer> {
  return onFreePort(process.execPath, (port) => [ownProgram(name), String(port), ...args], {
    env: NODE_ENVIRONMENT,
  });
}

/** programs/origin.go. */
export async function startGo(): Promise<ForeignServer> {
  return onFreePort(await buildGo("origin"), (port) => [String(port)]);
}

/** PHP's own server with programs/router.php. */
export function startPhp(): Promise<ForeignServer> {
  const router = ownProgram("router.php");
  return onFreePort(program("php"), (port) => ["-S", `127.0.0.1:${port}`, router]);
}

async function onFreePort(
  file: string,
  args: (port: number) => readonly string[],
  options: RunOptions = {},
): Promise<ForeignServer> {
  const [port] = await freePorts();
  return ForeignServer.start(port, file, args(port), options);
}
