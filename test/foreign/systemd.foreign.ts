import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { isMissing } from "./support/programs.ts";

/*
 * Goal: systemd learns how the sidecar is, and follows it through an upgrade. Method: systemd's own
 * systemd-notify, and a socket in the place of systemd's that says what arrives and when.
 */

/** Prints each datagram with the time, as one line. */
const LISTENER = `
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print(0, "listening", flush=True)
while True:
    text = s.recv(4096).decode().strip()
    print(int(time.time() * 1000), text.replace("\\n", " "), flush=True)
`;

type News = { readonly atMs: number; readonly text: string };

/** A socket like systemd's, and what has arrived there, but for what only waits for an answer. */
async function notifySocket(): Promise<{ readonly path: string; readonly news: readonly News[] }> {
  const path = join(await temporaryFolder(), "notify");
  const child = spawn("python3", ["-c", LISTENER, path], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: News[] = [];
  createInterface(child.stdout).on("line", (line) => {
    const [, atMs, text = ""] = /^(\d+) (.*)$/.exec(line) ?? [];
    if (!text.startsWith("BARRIER=")) lines.push({ atMs: Number(atMs), text });
  });
  await eventually(() => expect(lines.shift()?.text).toBe("listening"));
  return { path, news: lines };
}

const isLacking = isMissing("systemd-notify");

describe.skipIf(isLacking)("A sidecar under Type=notify", () => {
  test("tells systemd when it serves, reloads and drains, and of its successor", async () => {
    const { path, news } = await notifySocket();
    const texts = (): readonly string[] => news.map(({ text }) => text);
    const sidecar = await startSidecar({}, { NOTIFY_SOCKET: path });
    onTestFinished(sidecar.stop);
    await eventually(() => expect(texts()).toEqual(["READY=1"]));
    const ready = sidecar.log.find(({ event }) => event === "sidecar.ready");
    expect(news[0]?.atMs).toBeGreaterThanOrEqual(Date.parse(String(ready?.["time"])));

    sidecar.child.kill("SIGHUP");
    const reloading = expect.stringMatching(/^RELOADING=1 MONOTONIC_USEC=\d+$/);
    await eventually(() => expect(texts().slice(1)).toEqual([reloading, "READY=1"]));

    const answer = await sidecar.call("POST", "/v1/upgrade", {});
    const { pid } = (await answer.json()) as { readonly pid: number };
    // Before anybody can have seen the old process end.
    expect(texts()).toContain(`MAINPID=${pid}`);
    expect(await sidecar.ended).toBe(0);

    process.kill(pid, "SIGTERM");
    await eventually(() =>
      expect(texts().at(-1)).toMatch(/^STOPPING=1 EXTEND_TIMEOUT_USEC=\d+000$/),
    );
    // The successor says that it serves, too; a drain is said once, and by nobody else.
    expect(texts().filter((text) => text.startsWith("STOPPING"))).toHaveLength(1);
    await eventually(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"));
  });
});
