import { chmod, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../support/built-in-proxy.ts";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { INSTALL_TIMEOUT_MS } from "../support/npm.ts";
import { VersionOrigin } from "../support/version-origin.ts";
import { BootedRoot } from "./support/booted-root.ts";
import { debianPackage } from "./support/debian-package.ts";
import { isMissing } from "./support/programs.ts";

/*
 * Goal: the package for Debian is installed, serves under systemd, follows upgrades and goes away
 * without a trace. Method: dpkg and a systemd that runs, in a root of their own. Each test goes on
 * from where the one before has left the machine.
 */

const API = "SLUICE_API=unix:/run/sluice/api.sock";
const CONFIG = "/etc/sluice/sluice.yaml";
/** Each sign of life is a process, and the machine may be loaded. */
const WATCHDOG_S = 10;
/** Makes it so, for this test. */
const DROP_IN = "/run/systemd/system/sluice.service.d";
/** What systemd or a new sidecar may take. */
const TURN_MS = 60_000;
/** dpkg waits for the disk. */
const TEST_TIMEOUT_MS = 180_000;

const NEEDED = ["dpkg-deb", "unshare", "systemd-notify"];

let root: BootedRoot;
/** Why there is no root. */
let reason = "";
let deb: string;
let port: number;
let v1: VersionOrigin;
let v2: VersionOrigin;

beforeAll(async () => {
  try {
    if (isMissing(...NEEDED)) throw new Error(`one of ${NEEDED.join(", ")} is missing`);
    root = await BootedRoot.start();
  } catch (error) {
    reason = (error as Error).message;
    process.stderr.write(`\n*** SKIPPED: the package for Debian under systemd: ${reason}\n`);
    return;
  }
  v1 = await VersionOrigin.start("v1");
  v2 = await VersionOrigin.start("v2");
  port = await freePort();
  deb = join("/mnt", relative(root.folder, await debianPackage(root.folder)));
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  if (reason !== "") return;
  await root[Symbol.asyncDispose]();
  v1[Symbol.dispose]();
  v2[Symbol.dispose]();
});

beforeEach(({ skip }) => skip(reason !== "", reason));

function sluice(...args: readonly string[]): Promise<string> {
  return root.out("env", API, "sluice", ...args);
}

/** What systemd knows of the unit. */
function known(property: string): Promise<string> {
  return root.out("systemctl", "show", "sluice", `--property=${property}`, "--value");
}

async function opened(): Promise<KeptConnection> {
  const client = await KeptConnection.open(port);
  onTestFinished(() => client.close());
  return client;
}

async function answer(): Promise<string> {
  const client = await KeptConnection.open(port);
  return (await client.get("web").finally(() => client.close())).body;
}

/** Writes the package's own configuration with a service in it, as who installs it would. */
async function configure(services: object): Promise<void> {
  const given = await readFile("control/packaging/sluice.yaml", "utf8");
  const text = given
    .replace("127.0.0.1:8080", `127.0.0.1:${port}`)
    .replace("services: {}", `services: ${JSON.stringify(services)}`);
  const draft = join(root.folder, "sluice.yaml");
  await writeFile(draft, text);
  await chmod(draft, 0o644);
  await root.out("cp", "/mnt/sluice.yaml", CONFIG);
  await root.out("sluice", "check", CONFIG);
}

function web(weight1: number, weight2: number): object {
  const versions = {
    v1: { weight: weight1, endpoints: [v1.address] },
    v2: { weight: weight2, endpoints: [v2.address] },
  };
  return { web: { versions } };
}

describe("The package for Debian", { timeout: TEST_TIMEOUT_MS }, () => {
  test("brings a user and a unit, and starts nothing by itself", async () => {
    await root.out("dpkg", "--install", deb);
    expect(await root.out("id", "--user", "--name", "sluice")).toBe("sluice");
    expect((await root.run("systemctl", "is-enabled", "sluice")).out).toBe("disabled\n");
    expect(await known("ActiveState")).toBe("inactive");
  });

  test("serves under systemd as that user; its socket is for the group", async () => {
    await configure(web(1, 0));
    await root.out("systemctl", "enable", "--now", "sluice");
    expect(await known("ActiveState")).toBe("active");
    expect(await answer()).toBe("v1");
    const places = ["/run/sluice/api.sock", "/var/lib/sluice"];
    const modes = await root.out("stat", "--format=%U:%G %a", ...places);
    expect(modes).toBe("sluice:sluice 660\nsluice:sluice 700");
    await root.out("usermod", "--append", "--groups=sluice", "nobody");
    const member = ["--reuid=nobody", "--regid=nogroup", "--init-groups", "env", API];
    expect(await root.out("setpriv", ...member, "sluice", "status")).toMatch(/^ready +yes$/m);
    const stranger = ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "env", API];
    expect((await root.run("setpriv", ...stranger, "sluice", "status")).error).toMatch(/EACCES/);
  });

  test("reads its file again on systemctl reload", async () => {
    await configure(web(0, 1));
    const pid = await known("MainPID");
    await root.out("systemctl", "reload", "sluice");
    await eventually(async () => expect(await answer()).toBe("v2"), TURN_MS);
    expect(await known("MainPID")).toBe(pid);
  });

  test("lets the old one run when it is installed again, until sluice upgrade", async () => {
    const client = await opened();
    expect((await client.get("web")).body).toBe("v2");
    const pid = await known("MainPID");
    await root.out("dpkg", "--install", deb);
    expect(await known("MainPID")).toBe(pid);
    expect((await client.get("web")).body).toBe("v2");

    await sluice("upgrade");
    const successor = await known("MainPID");
    expect(successor).not.toBe(pid);
    await eventually(async () => {
      expect((await root.run("kill", "-0", pid)).status).not.toBe(0);
    }, TURN_MS);
    expect([await known("ActiveState"), await known("NRestarts")]).toEqual(["active", "0"]);
    expect((await client.get("web")).body).toBe("v2");
    expect(await sluice("status")).toMatch(/^ready +yes$/m);
  });

  test("gives signs of life, the successor too, and is started anew when it hangs", async () => {
    const text = `[Service]\nWatchdogSec=${WATCHDOG_S}s\n`;
    await writeFile(join(root.folder, "faster.conf"), text);
    await root.out("install", "-D", "--mode=644", "-t", DROP_IN, "/mnt/faster.conf");
    await root.out("systemctl", "daemon-reload");
    await root.out("systemctl", "restart", "sluice");
    await sluice("upgrade");
    const pid = await known("MainPID");
    const signedUs = async (): Promise<number> => Number(await known("WatchdogTimestampMonotonic"));
    const atUs = await signedUs();
    const beyondUs = atUs + 2 * WATCHDOG_S * 1_000_000;
    await eventually(async () => expect(await signedUs()).toBeGreaterThan(beyondUs), TURN_MS);
    expect([await known("MainPID"), await known("NRestarts")]).toEqual([pid, "0"]);

    await sluice("shift", "web", "v1=1", "v2=0", "--reason", "test");
    await root.out("kill", "-STOP", pid);
    await eventually(async () => expect(await known("NRestarts")).toBe("1"), TURN_MS);
    await eventually(async () => expect(await known("ActiveState")).toBe("active"), TURN_MS);
    // The table that was in force, and not the file's.
    expect(await answer()).toBe("v1");
  });

  test("ends as a drain does on systemctl stop", async () => {
    await root.out("systemctl", "stop", "sluice");
    expect([await known("ActiveState"), await known("Result")]).toEqual(["inactive", "success"]);
    await expect(KeptConnection.open(port)).rejects.toThrow("ECONNREFUSED");
  });

  test("is stopped and disabled when it is removed, and leaves nothing when purged", async () => {
    await root.out("systemctl", "start", "sluice");
    await root.out("dpkg", "--remove", "sluice");
    expect(await known("ActiveState")).toBe("inactive");
    expect(await root.out("ls", "/etc/sluice", "/var/lib/sluice")).toContain("table.json");
    await root.out("dpkg", "--purge", "sluice");
    expect((await root.run("getent", "passwd", "sluice")).status).toBe(2);
    expect((await root.run("getent", "group", "sluice")).status).toBe(2);
    const named = ["/mnt/changes", "/run", "-name", "*sluice*", "!", "-type", "c"];
    const left = await root.out("find", ...named, "!", "-path", `${DROP_IN}*`);
    expect(left).toBe("");
  });
});
