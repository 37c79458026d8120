import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runCli } from "../../../control/cli/program.ts";
import { startApi } from "../../support/running-api.ts";
import type { RunningApi } from "../../support/running-api.ts";

type Result = { readonly status: number; readonly out: string; readonly error: string };

async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
  const out: string[] = [];
  const error: string[] = [];
  const output = {
    out: (line: string) => void out.push(line),
    error: (line: string) => void error.push(line),
  };
  const status = await runCli(args, { output, env, version: "1.2.3" });
  return { status, out: out.join("\n"), error: error.join("\n") };
}

let api: RunningApi;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  api = await startApi();
  env = { SLUICE_API: `${api.url}/` };
  return () => api[Symbol.asyncDispose]();
});

describe("sluice services", () => {
  test("lists versions in columns", async () => {
    const { status, out } = await run(["services"], env);
    expect(status).toBe(0);
    expect(out.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["SERVICE", "VERSION", "STATE", "WEIGHT", "SHARE", "EFFECTIVE", "OPEN", "TUNNELS"],
      ["web", "v1 (stable)", "ready", "90", "90 %", "90", "0", "0"],
      ["web", "v2", "ready", "10", "10 %", "10", "0", "0"],
    ]);
  });

  test("shows one service with its endpoints", async () => {
    const { out } = await run(["services", "web"], env);
    expect(out).toMatch(/^v2 +10\.0\.0\.7:3000 +ready +healthy +0$/m);
  });

  test("writes the API's own answer with --json, before or after the command", async () => {
    const answer = await (await fetch(`${api.url}/v1/services`)).json();
    for (const args of [
      ["--json", "services"],
      ["services", "--json"],
    ]) {
      expect(JSON.parse((await run(args, env)).out)).toEqual(answer);
    }
  });

  test("says which service is unknown, and exits with 1", async () => {
    const { status, out, error } = await run(["services", "shop"], env);
    expect([status, out]).toEqual([1, ""]);
    expect(error).toBe('sluice: Cannot find service "shop"; `sluice services` lists them');
  });
});

describe("sluice shift", () => {
  test("shifts on the revision that it read, with the reason", async () => {
    const { status, out } = await run(
      ["shift", "web", "v1=80", "v2=20", "--reason", "Grüße ✓"],
      env,
    );
    expect([status, out]).toEqual([0, "web is at revision 2: v1=80 (80 %), v2=20 (20 %)"]);
    expect(api.services.snapshot("web").versions.map(({ weight }) => weight)).toEqual([80, 20]);
    expect((await run(["audit"], env)).out).toMatch(/local +shift +web +2 +Grüße ✓$/m);
  });

  test("refuses on another revision than --if-rev, and changes nothing", async () => {
    const { status, error } = await run(["shift", "web", "v2=20", "--if-rev", "9"], env);
    expect(status).toBe(1);
    expect(error).toMatch(/^sluice: Cannot write: wanted revision 9, found 1; somebody else/);
    expect(api.services.revision).toBe(1);
  });

  test("only says what it would do with --plan", async () => {
    const { status, out } = await run(["shift", "web", "v1=0", "v2=1", "--plan"], env);
    expect(status).toBe(0);
    expect(out).toMatch(/^v1 +90 % +-> 0 % +\d/m);
    expect(api.services.revision).toBe(1);
  });

  test("writes errors as JSON with --json", async () => {
    const { status, error } = await run(["shift", "web", "v1=0", "v2=0", "--json"], env);
    expect(status).toBe(1);
    expect(JSON.parse(error)).toMatchObject({
      error: { code: "invalid", problems: [{ path: "" }] },
    });
  });
});

describe("sluice drain", () => {
  test("drains a version", async () => {
    const { status, out } = await run(["drain", "web/v2"], env);
    expect([status, out]).toEqual([0, "web/v2 drains since revision 2"]);
    expect(api.services.snapshot("web").versions[1]?.state).toBe("drain");
  });

  test("drains the sidecar with --self, which status then shows", async () => {
    expect((await run(["status"], env)).out).toMatch(/^ready +yes$/m);
    expect((await run(["drain", "--self"], env)).status).toBe(0);
    const { status, out } = await run(["status"], env);
    expect([status, api.sidecar.drains]).toEqual([0, 1]);
    expect(out).toMatch(/^ready +no: draining$/m);
  });
});

test.each([
  [["shift", "web"]],
  [["shift", "web", "v1"]],
  [["shift", "web", "v1=-1"]],
  [["shift", "web", "v1=1.5"]],
  [["shift", "web", "v1=1", "v1=2"]],
  [["shift", "web", "v1=1", "--if-rev", "x"]],
  [["drain"]],
  [["drain", "web"]],
  [["drain", "web/v1", "--self"]],
  [["run"]],
  [["check"]],
  [["nothing"]],
  [["services", "--nothing"]],
  [[]],
])("sluice %j is a usage error: exit status 2, one line, nothing done", async (args) => {
  const { status, out, error } = await run(args, env);
  expect([status, out]).toEqual([2, ""]);
  expect(error).toMatch(/^sluice: [A-Z`].*$/);
  expect(api.services.revision).toBe(1);
});

test.each([["--help"], ["help"], ["shift", "--help"], ["--version"]])(
  "sluice %s is no error",
  async (...args) => {
    const { status, out, error } = await run(args, env);
    expect([status, error]).toEqual([0, ""]);
    expect(out).toMatch(/^(Usage: sluice|1\.2\.3)/);
  },
);

test("sluice says that nothing listens, and what to do", async () => {
  const { status, error } = await run(["--api", await closedAddress(), "status"], env);
  expect(status).toBe(1);
  expect(error).toMatch(
    /^sluice: Cannot reach the control API at .*: ECONNREFUSED; is `sluice run`/,
  );
});

test("sluice sends SLUICE_TOKEN, and --token before it", async () => {
  const { createServer: createHttpServer } = await import("node:http");
  const seen: (string | undefined)[] = [];
  const server = createHttpServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end('{"services":[]}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await run(["services"], { SLUICE_API: url, SLUICE_TOKEN: "from-env" });
  await run(["services", "--token", "given"], { SLUICE_API: url, SLUICE_TOKEN: "from-env" });
  await server[Symbol.asyncDispose]();
  expect(seen).toEqual(["Bearer from-env", "Bearer given"]);
});

describe("sluice check", () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "sluice-check-"));
  });

  afterAll(() => rm(directory, { recursive: true }));

  async function check(text: string, ...options: readonly string[]): Promise<Result> {
    const file = join(directory, "sluice.yaml");
    await writeFile(file, text);
    return run(["check", file, ...options]);
  }

  const GOOD = `
listeners: [{ bind: "127.0.0.1:8080" }]
services:
  web: { versions: { v1: { endpoints: ["10.0.0.5:3000"] } } }
`;

  test("takes a good file", async () => {
    const { status, out } = await check(GOOD);
    expect(status).toBe(0);
    expect(out).toMatch(/sluice\.yaml is good: web$/);
  });

  test("tells every problem with its path, and exits with 2", async () => {
    const { status, error } = await check(
      GOOD.replace("bind", "bnid").replace("endpoints", "ends"),
      "--json",
    );
    expect(status).toBe(2);
    const { error: told } = JSON.parse(error) as { error: { problems: { path: string }[] } };
    expect(told.problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["listeners[0].bnid", "services.web.versions.v1.ends"]),
    );
  });

  test("exits with 2 for a file that is not there", async () => {
    const { status, error } = await run(["check", join(directory, "none.yaml")]);
    expect(status).toBe(2);
    expect(error).toContain("none.yaml");
  });
});

/** An address that nobody listens on. */
async function closedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await server[Symbol.asyncDispose]();
  return `http://127.0.0.1:${port}`;
}
