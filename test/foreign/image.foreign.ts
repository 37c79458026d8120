import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePorts } from "../../control/cli/demo/children.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";
import { Containers } from "./support/containers.ts";
import { isMissing } from "./support/programs.ts";

/*
 * Goal: the Dockerfile builds, and what it builds serves as a container. Method: podman carries it
 * out on a root that stands for Node's image, and runs what comes of it. Its steps one by one, where
 * there are no containers: dockerfile.foreign.ts.
 */

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const IMAGE = "localhost/sluice:test";
/** `npm ci` in a container, and 800 MB on a disk that others write to, too. */
const BUILD_TIMEOUT_MS = 600_000;
const READY_MS = 30_000;

/** Why there are none. "": there are. */
let why = isMissing("podman", "runc") ? "no podman or runc" : "";
let containers: Containers | undefined;

beforeAll(async () => {
  if (why !== "") return;
  try {
    containers = await Containers.start();
  } catch (error) {
    why = `no containers here: ${String(error)}`;
    process.stderr.write(`\n*** ${why}\n*** SKIPPED: the image.\n`);
  }
}, BUILD_TIMEOUT_MS);
afterAll(() => containers?.[Symbol.asyncDispose]());

describe("The image", () => {
  test(
    "is built by the Dockerfile, serves as nobody special, is healthy, and drains when it is stopped",
    async ({ skip }) => {
      skip(containers === undefined, why);
      const podman = async (...args: readonly string[]): Promise<string> =>
        (await containers?.podman(args)) ?? "";
      await containers?.build(IMAGE, await readFile(join(ROOT, "Dockerfile"), "utf8"), ROOT);
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
      await containers?.run("sluice", ["--volume", `${folder}:/etc/sluice:ro`, ...env, IMAGE]);
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
    },
    BUILD_TIMEOUT_MS,
  );
});
