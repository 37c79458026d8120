import { expect, test } from "vitest";
import { assertServiceOutlives, ownOrigin } from "../../../control/sidecar/service-process.ts";

const shell = { pid: 4711, parentPid: 4000, env: {} };

test.each([
  ["PID 1 of a container", { pid: 1, parentPid: 0 }],
  ["a child of systemd or of a container's init", { parentPid: 1 }],
  ["the main process of a user's systemd", { env: { SYSTEMD_EXEC_PID: "4711" } }],
])("%s may not end", (_, origin) => {
  expect(() => assertServiceOutlives({ ...shell, ...origin })).toThrow(
    expect.objectContaining({ code: "would_end_service", status: 409 }),
  );
});

test.each([
  ["one that a shell has started", {}],
  ["one in a terminal that systemd has started", { env: { SYSTEMD_EXEC_PID: "99" } }],
])("%s may end", (_, origin) => {
  expect(() => assertServiceOutlives({ ...shell, ...origin })).not.toThrow();
});

test("the main process may end where systemd follows, and PID 1 may not", () => {
  const main = { ...shell, parentPid: 1, env: { SYSTEMD_EXEC_PID: "4711" } };
  expect(() => assertServiceOutlives(main, true)).not.toThrow();
  expect(() => assertServiceOutlives({ ...main, pid: 1 }, true)).toThrow("PID 1");
  // A child of a container's init is told of by nobody.
  expect(() => assertServiceOutlives({ ...main, env: {} }, true)).toThrow("PID 1");
});

test("this process is described as it was started", () => {
  expect([ownOrigin.pid, ownOrigin.parentPid]).toEqual([process.pid, process.ppid]);
});
