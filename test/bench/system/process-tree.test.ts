import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import {
  cpuTimeOf,
  descriptorsOf,
  processTree,
  pssBytesOf,
} from "../../../bench/system/process-tree.ts";

/** Elsewhere there is no /proc, and no bench either. */
describe.runIf(process.platform === "linux")("processTree", () => {
  test("holds a process, its child and its grandchild, the root first", async () => {
    const script = "sleep 30 & echo $!; wait";
    const child = spawn("sh", ["-c", `sh -c '${script}'; true`], { stdio: ["ignore", "pipe", 0] });
    try {
      const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
      const tree = processTree(child.pid as number);
      expect(tree[0]).toBe(child.pid);
      expect(tree).toContain(Number(line));
      expect(tree).toHaveLength(3);
      expect(pssBytesOf(tree)).toBeGreaterThan(0);
    } finally {
      for (const pid of processTree(child.pid as number)) process.kill(pid, "SIGKILL");
    }
  });

  test("figures of a process that is gone are 0", () => {
    const gone = [2 ** 30];
    expect(cpuTimeOf(gone)).toEqual({ userUs: 0, systemUs: 0 });
    expect(pssBytesOf(gone)).toBe(0);
    expect(descriptorsOf(gone)).toBe(0);
  });

  test("cpuTimeOf grows with what a process computes", () => {
    const before = cpuTimeOf([process.pid]);
    const endMs = performance.now() + 60;
    while (performance.now() < endMs);
    const after = cpuTimeOf([process.pid]);
    expect(after.userUs + after.systemUs).toBeGreaterThan(before.userUs + before.systemUs);
  });
});
