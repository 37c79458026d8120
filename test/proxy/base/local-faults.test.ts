import { expect, test } from "vitest";
import { LocalFaults, isLocalFault } from "../../../proxy/base/local-faults.ts";
import { jsonLog } from "../../../proxy/base/log.ts";

test.each([
  ["EMFILE", true],
  ["EADDRNOTAVAIL", true],
  ["EPERM", true],
  ["ECONNREFUSED", false],
  ["EHOSTUNREACH", false],
  [undefined, false],
])("isLocalFault(%s) is %s", (code, isOurs) => {
  expect(isLocalFault(code)).toBe(isOurs);
});

test("LocalFaults count each fault by its code, and say each code at most once a second", () => {
  const lines: object[] = [];
  const clock = { nowMs: 1_000 };
  const keep = (line: string): void => void lines.push(JSON.parse(line) as object);
  const faults = new LocalFaults(
    clock,
    jsonLog(keep, () => 0),
  );
  const fail = (times: number): void => {
    for (let time = 0; time < times; time += 1) faults.add("EMFILE", "connect", "10.0.0.1:80");
  };
  fail(1_000);
  faults.add("ENOBUFS", "accept", "127.0.0.1:80");
  clock.nowMs += 999;
  fail(1);
  clock.nowMs += 1;
  fail(1);
  const said = { time: "1970-01-01T00:00:00.000Z", level: "warn", event: "worker.local-fault" };
  const connect = { ...said, code: "EMFILE", doing: "connect", where: "10.0.0.1:80" };
  expect(lines).toEqual([
    { ...connect, times: 1 },
    { ...said, code: "ENOBUFS", doing: "accept", where: "127.0.0.1:80", times: 1 },
    { ...connect, times: 1_001 },
  ]);
  expect(faults.toRecord()).toEqual({ EMFILE: 1_002, ENOBUFS: 1 });
});
