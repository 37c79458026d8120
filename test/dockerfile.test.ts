import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { execForm, parseDockerfile } from "./support/dockerfile.ts";
import type { Instruction, Stage } from "./support/dockerfile.ts";
import { eventually } from "./support/eventually.ts";
import { KeptConnection } from "./support/kept-connection.ts";
import { runSluice } from "./support/run-sluice.ts";
import { startSidecar } from "./support/sidecar.ts";
import type { TestSidecar } from "./support/sidecar.ts";
import { VersionOrigin } from "./support/version-origin.ts";

/*
 * Goal: the image and the package run, though no Docker is at hand. Method: the Dockerfile's steps
 * are carried out in a folder that stands for the image, the package is packed and unpacked.
 */

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Where the Dockerfile puts the program. */
const HOME = "/sluice";
/** Time for a clean installation, from a registry if need be. */
const INSTALL_TIMEOUT_MS = 180_000;

const run = promisify(execFile);
const stages = parseDockerfile(await readFile(join(ROOT, "Dockerfile"), "utf8"));
const image = stages.at(-1) as Stage;

let folder: string;
/** What stands for HOME in the image. */
let home: string;
/** What stands for the folder of a stage. */
function folderOf(stage: Stage): string {
  return join(folder, `stage-${stages.indexOf(stage)}`);
}

/** The last instruction of that name in the image. @throws when there is none. */
function last(name: string): Instruction {
  const found = image.instructions.findLast((each) => each.name === name);
  if (found === undefined) throw new Error(`Cannot find ${name} in the Dockerfile`);
  return found;
}

function all(name: string): readonly Instruction[] {
  return stages.flatMap(({ instructions }) => instructions.filter((each) => each.name === name));
}

/** The environment without what `npm test` has put in, which would send npm to our own folder. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(config_local_prefix|package|lifecycle)|^INIT_CWD$|^NODE_ENV$/.test(name),
  );
  return { ...Object.fromEntries(kept), npm_config_prefer_offline: "true" };
}

async function copy(stage: Stage, { flags, text }: Instruction): Promise<void> {
  const words = text.split(/\s+/);
  const target = words.pop() ?? "";
  const { from: other } = flags;
  const from = other === undefined ? undefined : stages.find(({ name }) => name === other);
  for (const source of words) {
    const path = from === undefined ? join(ROOT, source) : join(folderOf(from), inHome(source));
    const name = target === "./" ? source : target;
    await cp(path, join(folderOf(stage), name), { recursive: true });
  }
}

/** A path under HOME as one under what stands for it. */
function inHome(path: string): string {
  return path.startsWith(`${HOME}/`) ? path.slice(HOME.length + 1) : path;
}

/** Runs npm; where there is neither registry nor cache to install from, our own packages do. */
async function runNpm(cwd: string, command: string): Promise<void> {
  const [file = "", ...args] = command.split(/\s+/);
  try {
    await run(file, args, { cwd, env: plainEnvironment(), timeout: INSTALL_TIMEOUT_MS });
  } catch (error) {
    const text = String((error as { stderr?: unknown }).stderr ?? error);
    if (!/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED|ENETUNREACH/.test(text))
      throw error;
    await symlink(join(ROOT, "node_modules"), join(cwd, "node_modules"));
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-image-"));
  home = folderOf(image);
  for (const stage of stages) {
    await mkdir(folderOf(stage));
    for (const instruction of stage.instructions) {
      if (instruction.name === "COPY") await copy(stage, instruction);
      if (instruction.text.startsWith("npm ")) await runNpm(folderOf(stage), instruction.text);
    }
  }
}, INSTALL_TIMEOUT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The image's entry point, in what stands for the image. */
function entry(): string {
  const [node, main = ""] = execForm(last("ENTRYPOINT").text);
  expect(node).toBe("node");
  return join(home, inHome(main));
}

async function startWeb(origin: VersionOrigin, main: string): Promise<TestSidecar> {
  const services = { web: { versions: { v1: { endpoints: [origin.address] } } } };
  const sidecar = await startSidecar(
    { workers: 2, drain: { acceptFor: "2s" }, services },
    {},
    main,
  );
  onTestFinished(sidecar.stop);
  return sidecar;
}

async function get(sidecar: TestSidecar): Promise<string> {
  const client = await KeptConnection.open(sidecar.ports[0] ?? 0);
  return (await client.get("web").finally(() => client.close())).body;
}

describe("Dockerfile", () => {
  test("stands on the slim image of our Node, and names no registry", async () => {
    const { engines } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
      engines: { node: string };
    };
    const major = /\d+/.exec(engines.node)?.[0];
    expect(stages.map((stage) => stage.image)).toEqual(stages.map(() => `node:${major}-slim`));
  });

  test("runs as nobody special, ends by SIGTERM, and hands signals to the program", () => {
    expect(last("USER").text).toBe("node");
    expect(all("STOPSIGNAL")).toEqual([]);
    expect(() => [execForm(last("ENTRYPOINT").text), execForm(last("CMD").text)]).not.toThrow();
  });

  test("copies only what .dockerignore lets through, and that lets nothing else through", async () => {
    const lines = (await readFile(join(ROOT, ".dockerignore"), "utf8")).trim().split("\n");
    const [everything, ...exceptions] = lines;
    const fromHere = all("COPY").filter(({ flags }) => flags["from"] === undefined);
    const sources = new Set(fromHere.flatMap(({ text }) => text.split(/\s+/).slice(0, -1)));
    expect(everything).toBe("*");
    expect(exceptions.map((line) => line.replace(/^!/, "")).toSorted()).toEqual(
      [...sources].toSorted(),
    );
  });

  test("holds the program with its libraries inside, and says which those are", async () => {
    expect((await readdir(home)).toSorted().join(" ")).toBe("LICENSE dist package.json");
    const dist = join(home, "dist");
    const bill = JSON.parse(await readFile(join(dist, "sluice.cdx.json"), "utf8")) as {
      readonly components: readonly { readonly name: string }[];
    };
    const listed = bill.components.map(({ name }) => name);
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
      await readFile(join(home, "package.json"), "utf8"),
    ) as Record<string, Record<string, string>>;
    const shipped = Object.keys(dependencies ?? {});
    expect(listed).toEqual(expect.arrayContaining(shipped));
    const unwanted = Object.keys({ ...devDependencies, ...optionalDependencies });
    expect(listed.filter((name) => unwanted.includes(name))).toEqual([]);
    const licenses = await readFile(join(dist, "licenses.txt"), "utf8");
    expect(shipped.filter((name) => !licenses.includes(`--- ${name} `))).toEqual([]);
  });

  test("its command is one that the program takes", async () => {
    const [command = "", option, file] = execForm(last("CMD").text);
    expect([command, option]).toEqual(["run", "-c"]);
    const help = await runSluice([command, "--help"], entry());
    expect([help.status, help.out]).toEqual([0, expect.stringContaining("-c, --config <file>")]);
    // Nothing is mounted there: it says so, as for any file that is not there.
    const missing = await runSluice([command, "-c", `${folder}${file}`], entry());
    expect([missing.status, missing.error]).toEqual([2, expect.stringContaining("ENOENT")]);
    const path = join(folder, "sluice.yaml");
    await writeFile(path, "listeners: [{ bind: 0.0.0.0:8080 }]\n");
    expect((await runSluice(["check", path], entry())).status).toBe(0);
  });

  test("serves by its workers; its health check follows readyz; SIGTERM drains it", async () => {
    using origin = await VersionOrigin.start("v1");
    const sidecar = await startWeb(origin, entry());
    expect(await get(sidecar)).toBe("v1");
    const [, node, ...args] = ["CMD", ...execForm(last("HEALTHCHECK").text.replace(/^CMD /, ""))];
    expect(node).toBe("node");
    const healthCheck = (): Promise<number> =>
      run(process.execPath, args, { env: { SLUICE_API: sidecar.api } }).then(
        () => 0,
        (error: { code: number }) => error.code,
      );
    expect(await healthCheck()).toBe(0);
    sidecar.child.kill("SIGTERM");
    await eventually(async () => expect((await sidecar.call("GET", "/readyz")).status).toBe(503));
    expect(await healthCheck()).toBe(1);
    expect(await sidecar.ended).toBe(0);
    expect(await healthCheck()).toBe(1);
  });
});

describe("The package", () => {
  test("runs after npm pack, with nothing beside it, and real workers", async () => {
    const source = join(folder, "source");
    const parts = ["package.json", "rolldown.config.ts", "LICENSE"];
    for (const part of [...parts, "proxy", "control"]) {
      await cp(join(ROOT, part), join(source, part), { recursive: true });
    }
    await symlink(join(ROOT, "node_modules"), join(source, "node_modules"));
    const pack = ["pack", "--pack-destination", folder];
    await run("npm", pack, { cwd: source, env: plainEnvironment(), timeout: INSTALL_TIMEOUT_MS });
    const [tarball = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
    await run("tar", ["-xzf", tarball], { cwd: folder });
    const unpacked = join(folder, "package");

    const { bin } = JSON.parse(await readFile(join(unpacked, "package.json"), "utf8")) as {
      bin: Record<string, string>;
    };
    const main = join(unpacked, bin["sluice"] ?? "");
    const help = await runSluice(["--help"], main);
    expect([help.status, help.out]).toEqual([0, expect.stringMatching(/^Usage: sluice /)]);
    using origin = await VersionOrigin.start("v1");
    const sidecar = await startWeb(origin, main);
    expect(await get(sidecar)).toBe("v1");
    expect(sidecar.workerPids()).toHaveLength(2);
    const files = await readdir(join(unpacked, "dist"), { recursive: true });
    expect(files.filter((name) => /\.ts$|test/.test(name))).toEqual([]);
    // The demo's service is a process of its own, as workers are.
    expect(files).toContain("control/cli/demo/shop.js");
  });
});
