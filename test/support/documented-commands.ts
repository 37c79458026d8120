import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { parse } from "yaml";
import { createAuthority } from "./authority.ts";
import type { Block } from "./documents.ts";
import { CLI, startSidecar } from "./sidecar.ts";
import type { TestSidecar } from "./sidecar.ts";

/** How long one command of a page may take. */
const COMMAND_DEADLINE_MS = 20_000;

/** How long certificates of pages last: some more than 89 days. */
const CERTIFICATE_MS = 89.5 * 86_400_000;

/** What each line of expected output begins with. */
const ARROW = /^# →(?: |$)/;

/** A command of a page with the output that stands below it. */
export type Step = { readonly command: string; readonly wanted: string };

/** By a port, the one that comes in its place. */
type Ports = Readonly<Record<string, string>>;

/** What examples run against: two versions that say their names, and a sidecar before them. */
export class PageStage implements AsyncDisposable {
  readonly #origins: readonly Server[];
  readonly #sidecar: TestSidecar;
  readonly #ports: Ports;

  /** `config`: as on the page. Its addresses are for the reader; here they become free ones. */
  static async start(config: Block): Promise<PageStage> {
    const origins = await Promise.all([startOrigin("v1"), startOrigin("v2")]);
    const [v1 = "", v2 = ""] = origins.map((origin) =>
      String((origin.address() as AddressInfo).port),
    );
    const endpoints = { 3001: v1, 3002: v2 };
    // v2 takes spans as well as anything else.
    const bound = { 4318: v2, 8080: "0", 9180: "0" };
    const text = withPorts(config.text, { ...endpoints, ...bound });
    const sidecar = await startSidecar(parse(text) as object, {}, CLI, (folder) =>
      writeCertificates(text, folder),
    );
    const shim = join(sidecar.folder, "sluice");
    await writeFile(shim, `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
    await chmod(shim, 0o755);
    const own = { 8080: String(sidecar.ports[0]), 9180: new URL(sidecar.api).port };
    return new PageStage(origins, sidecar, { ...endpoints, ...own });
  }

  private constructor(origins: readonly Server[], sidecar: TestSidecar, ports: Ports) {
    this.#origins = origins;
    this.#sidecar = sidecar;
    this.#ports = ports;
  }

  /** What a command prints, on either stream, with the page's addresses. */
  async run(command: string): Promise<string> {
    const { folder, api } = this.#sidecar;
    const PATH = `${folder}${delimiter}${process.env["PATH"] ?? ""}`;
    const options = {
      cwd: folder,
      timeout: COMMAND_DEADLINE_MS,
      env: { ...process.env, PATH, SLUICE_API: api },
    };
    const real = withPorts(command, this.#ports);
    const output = await new Promise<string>((resolve) => {
      execFile("sh", ["-c", `{ ${real}\n} 2>&1`], options, (_failure, out) => resolve(out));
    });
    const back = Object.entries(this.#ports).map(([ours, own]) => [own, ours]);
    return withPorts(output, Object.fromEntries(back));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const origin of this.#origins) {
      origin.close();
      origin.closeAllConnections();
    }
    // An upgrade leaves a process behind that does not end with the sidecar.
    for (const { event, pid } of this.#sidecar.log) {
      if (event === "upgrade.serving") killIfAlive(Number(pid));
    }
    await this.#sidecar.stop();
  }
}

/** Replaces whole ports, all in one pass: what comes in one's place may begin with another. */
function withPorts(text: string, ports: Ports): string {
  return text.replaceAll(/(?<=:)\d+\b/g, (port) => ports[port] ?? port);
}

/**
 * The files that the TLS of a page is made of: certificates for shop.example by one authority, and
 * that authority beside them.
 */
async function writeCertificates(config: string, folder: string): Promise<void> {
  const authority = createAuthority();
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text, { mode: 0o600 });
  };
  for (const [, cert = "", key = ""] of config.matchAll(/cert: ([\w./-]+), key: ([\w./-]+)/g)) {
    const wish = { subject: "shop.example", names: ["DNS:shop.example"] };
    const pair = authority.issue({ ...wish, notAfter: new Date(Date.now() + CERTIFICATE_MS) });
    await write(cert, pair.certPem);
    await write(key, pair.keyPem);
    await write(join(dirname(cert), "ca.pem"), authority.pem);
  }
}

/** Commands, each with the arrows below it. Lines up to the first arrow are one command. */
export function stepsOf({ text }: Block): readonly Step[] {
  const steps: { command: string[]; wanted: string[] }[] = [];
  for (const line of text.trimEnd().split("\n")) {
    const last = steps.at(-1);
    if (ARROW.test(line)) last?.wanted.push(line.replace(ARROW, ""));
    else if (last === undefined || last.wanted.length > 0)
      steps.push({ command: [line], wanted: [] });
    else last.command.push(line);
  }
  return steps.map(({ command, wanted }) => ({
    command: command.join("\n"),
    wanted: wanted.join("\n"),
  }));
}

/**
 * Whether a command printed what stands below it. There `…` is any text within one line. The width
 * of columns does not count, because it depends on what `…` stands for.
 */
export function isAsWanted(output: string, wanted: string): boolean {
  const pattern = normal(wanted)
    .split("…")
    .map((part) => RegExp.escape(part))
    .join("[^\\n]*?");
  return new RegExp(`^${pattern}$`).test(normal(output));
}

function normal(text: string): string {
  return text
    .replaceAll(/[ \t\r]+$/gm, "")
    .replaceAll(/ +/g, " ")
    .trimEnd();
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

async function startOrigin(name: string): Promise<Server> {
  const origin = createServer((request, response) => {
    response.end(request.url?.startsWith("/show") ? `${name} ${shown(request)}\n` : `${name}\n`);
  });
  origin.listen(0, "127.0.0.1");
  await once(origin, "listening");
  return origin;
}

/** What an endpoint got, where a page is about that. */
function shown({ method = "", url = "", headers }: IncomingMessage): string {
  const { host = "none", "x-env": env = "none", "x-debug": debug = "none" } = headers;
  const length = headers["content-length"];
  const rest = length === undefined ? "" : ` length=${length}`;
  return `${method} ${url} host=${host} x-env=${String(env)} x-debug=${String(debug)}${rest}`;
}
