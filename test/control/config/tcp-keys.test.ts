import { describe, expect, test } from "vitest";
import { foreignKeys } from "../../../control/config/tcp-keys.ts";
import { readBy } from "../../../control/config/problems.ts";
import { serviceSchema } from "../../../control/config/service-schema.ts";

const versions = { v1: { endpoints: ["10.0.0.1:6379"] } };

/** Everything that is wrong with a service of kind tcp that has this too. */
function wrongWith(more: object): readonly string[] {
  const read = readBy(serviceSchema, { kind: "tcp", versions, ...more });
  if (read.kind === "read") return [];
  return read.problems.map(({ path, wanted, found }) => `${path}: ${wanted}, found ${found}`);
}

describe("A service of kind tcp", () => {
  test("is read, with what means something for it", () => {
    const document = {
      kind: "tcp",
      versions,
      stable: "v1",
      affinity: { clientIp: true },
      connectTimeout: "2s",
      tunnelIdleTimeout: "8h",
      retries: { attempts: 2, across: "any" },
      limits: { tunnels: 5, connections: 6, pending: 7 },
      ejection: { consecutive: 3 },
      slowStart: "1s",
      drain: { hard: "10s" },
      onShift: "migrate",
      healthCheck: { kind: "tcp", send: "PING\r\n", expect: "+PONG" },
      upstream: { tls: { insecure: true }, proxyProtocol: "v2" },
    };
    const read = readBy(serviceSchema, document);
    expect(read).toMatchObject({
      kind: "read",
      value: { tcp: { proxyProtocol: "v2" }, limits: { tunnels: 5 } },
    });
    expect(readBy(serviceSchema, { kind: "tcp", versions })).toMatchObject({
      value: { tcp: { proxyProtocol: undefined } },
    });
    expect(readBy(serviceSchema, { kind: "http", versions })).toMatchObject({
      value: { tcp: undefined },
    });
  });

  test.each([
    ["hosts", ["redis"], "a list of 1"],
    ["routes", [], "a list of 0"],
    ["filters", [], "a list of 0"],
    ["timeout", "0", '"0"'],
    ["idleTimeout", "75s", '"75s"'],
    ["responseTimeout", "1s", '"1s"'],
    ["stallTimeout", "1s", '"1s"'],
    ["halfCloseGrace", "1s", '"1s"'],
    ["maxBody", "1KiB", '"1KiB"'],
    ["keepAlive", { off: true }, "an object"],
    ["methods", [], "a list of 0"],
    ["tolerate", [], "a list of 0"],
    ["via", "off", '"off"'],
    ["debug", false, "false"],
    ["consul", { splitter: "follow" }, "an object"],
  ])("refuses %s, even with its default, and says what would help", (key, value, found) => {
    const [problem, ...others] = wrongWith({ [key]: value });
    expect(others).toEqual([]);
    expect(problem).toMatch(
      new RegExp(
        `^${key}: nothing in a service of kind tcp \\(.*\\), found ${RegExp.escape(found)}$`,
      ),
    );
  });

  test.each([
    [{ affinity: { cookie: "sid" } }, "affinity.cookie: clientIp in a service of kind tcp"],
    [{ limits: { inFlight: 5 } }, "limits.inFlight: nothing in a service of kind tcp"],
    [{ retries: { on: ["connect"] } }, "retries.on: nothing in a service of kind tcp"],
    [{ retries: { budget: { min: 1 } } }, "retries.budget: nothing in a service of kind tcp"],
  ])("refuses %j", (more, start) => {
    expect(wrongWith(more)).toEqual([expect.stringContaining(start)]);
  });

  test("names all of them at once", () => {
    expect(wrongWith({ hosts: ["a"], via: "both", debug: true })).toHaveLength(3);
  });
});

test("A service of HTTP has no PROXY protocol for its endpoints", () => {
  const read = readBy(serviceSchema, { versions, upstream: { proxyProtocol: "v1" } });
  expect(read).toMatchObject({
    problems: [
      {
        path: "upstream.proxyProtocol",
        wanted: "nothing in a service of kind http, whose requests have Forwarded fields",
        found: "v1",
      },
    ],
  });
});

test.each([undefined, null, "tcp", [], { kind: "http", hosts: ["a"] }, { hosts: ["a"] }])(
  "foreignKeys() finds none in %j",
  (document) => {
    expect(foreignKeys(document)).toEqual([]);
  },
);
