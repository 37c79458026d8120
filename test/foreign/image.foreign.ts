import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { freePorts } from "../../control/cli/demo/children.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";
import { Containers, NODE_IMAGE } from "./support/containers.ts";
import { isMissing, program } from "./support/programs.ts";

/*
 * Goal: the Dockerfile builds, and what it builds serves as a container, alone and in the example
 * of Compose. Method: podman carries it out on a root that stands for Node's image. What the
 * example has beside it are this machine's Consul and Prometheus, in images of their own; Grafana
 * is left out, as no package has it. The Dockerfile's steps one by one, where there are no
 * containers: dockerfile.foreign.ts.
 */

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const IMAGE = "localhost/sluice:test";
/** `npm ci` in a container, and 800 MB on a disk that others write to, too. */
const BUILD_TIMEOUT_MS = 600_000;
const READY_MS = 30_000;

/** What containers, and those of Compose, need. */
const NEEDED = ["podman", "runc"];
const COMPOSE_NEEDS = "docker-compose netavark aardvark-dns catatonit iptables ip curl".split(" ");
const CONSUL = await consulForTests();

/** Why there are none. "": there are. */
let why = isMissing(...NEEDED) ? `wanted ${NEEDED.join(" and ")}` : "";
let containers: Containers | undefined;

beforeAll(async () => {
  if (why !== "") return;
  try {
    containers = await Containers.start();
  } catch (error) {
    why = `no containers here: ${String(error)}`;
    process.stderr.write(`\n*** ${why}\n*** SKIPPED: the image.\n`);
    return;
  }
  await containers.build(IMAGE, await readFile(join(ROOT, "Dockerfile"), "utf8"), ROOT);
}, BUILD_TIMEOUT_MS);
afterAll(() => containers?.[Symbol.asyncDispose]());

function podman(...args: readonly string[]): Promise<string> {
  return (containers as Containers).podman(args);
}

describe("The image", () => {
  test("serves as nobody special, is healthy, and drains when it is stopped", async ({ skip }) => {
    skip(containers === undefined, why);
    using origin = await VersionOrigin.start("v1");
    const [port, control] = await freePorts();
    const folder = await temporaryFolder();
    // It is not root who reads it.
    await chmod(folder, 0o755);
    const config = {
      listeners: [{ bind: `127.0.0.1:${port}`, service: "web" }],
      control: { bind: `127.0.0.1:${control}` },
      drain: { acceptFor: "0" },
      services: { web: { versions: { v1: { endpoints: [origin.address] } } } },
    };
    await writeFile(join(folder, "sluice.yaml"), JSON.stringify(config));
    const env = ["--env", `SLUICE_API=http://127.0.0.1:${control}`];
    const mount = ["--volume", `${folder}:/etc/sluice:ro`];
    await podman("run", "--detach", "--name", "sluice", ...mount, ...env, IMAGE);
    await eventually(async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/`);
      expect(await answer.text()).toBe("v1");
    }, READY_MS);
    await podman("healthcheck", "run", "sluice");
    expect(await podman("exec", "sluice", "id", "-un")).toBe("node\n");
    await podman("stop", "--time", "60", "sluice");
    const state = await podman("inspect", "sluice", "--format", "{{.State.ExitCode}}");
    expect(state).toBe("0\n");
    expect(await podman("logs", "sluice")).toContain('"event":"drain.done"');
  });

  test(
    "is that of the example of Compose, whose services bring requests through",
    async ({ skip }) => {
      skip(containers === undefined, why);
      skip(isMissing("prometheus", ...COMPOSE_NEEDS) || CONSUL === undefined, "not all is here");
      const folder = join(ROOT, "examples/compose");
      const { services } = parse(await readFile(join(folder, "compose.yml"), "utf8")) as {
        readonly services: Readonly<Record<string, { readonly image?: string }>>;
      };
      const imageOf = (name: string): string => `docker.io/${services[name]?.image}`;
      await podman("tag", NODE_IMAGE, imageOf("v1").replace("docker.io/", "docker.io/library/"));
      // Its name is made of the folder's and the service's, in one way or the other.
      const own = ["compose_sluice", "compose-sluice"].map((name) => `docker.io/library/${name}`);
      await podman("tag", IMAGE, ...own);
      await containers?.ofProgram(imageOf("consul"), CONSUL ?? "");
      const args = ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/tmp"];
      await containers?.ofProgram(imageOf("prometheus"), program("prometheus"), ...args);
      const names = Object.keys(services).filter((name) => name !== "grafana");
      const { status, out, error } = (await containers?.composeUp(folder, ...names)) ?? {};
      const said = out?.split("\n").map((line) => line.trim());
      expect({ status, said, error }).toEqual({
        status: 0,
        said: [
          "v1",
          "web is at revision 2: v1=90 (90 %), v2=10 (10 %)",
          // Give or take 2.
          expect.stringMatching(/^(?:8[89]|9[012]) v1$/),
          expect.stringMatching(/^(?:8|9|1[012]) v2$/),
          expect.stringContaining('"job":"sluice"'),
          "",
        ],
        error,
      });
    },
    BUILD_TIMEOUT_MS,
  );
});
