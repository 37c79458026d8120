import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AccessLog } from "../../../proxy/access-log/access-log.ts";
import { jsonLog } from "../../../proxy/base/log.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { Witnesses } from "../../../proxy/exchange/witness.ts";
import type { AccessLogSpec } from "../../../proxy/table/access-log-spec.ts";
import { manualWheel } from "../../support/manual-wheel.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const tunnel = {
  protocol: "websocket",
  client: "192.0.2.1",
  service: "web",
  version: "v1",
  endpoint: "10.0.0.5:3000",
  durationMs: 5_000,
  bytesIn: 1,
  bytesOut: 2,
} as const;

const refused = { client: "192.0.2.1", service: "web", protocol: "1.1" } as const;

/** A log to a file of its own. `chances`: what random draws come to. */
async function bed(chances: readonly number[] = []) {
  const path = join(await temporaryFolder(), "access.log");
  const draws = [...chances];
  const witness = new Witnesses();
  const log = new AccessLog({
    clock: systemClock,
    wheel: manualWheel().wheel,
    log: jsonLog(
      () => undefined,
      () => 0,
    ),
    random: { next: () => draws.shift() ?? 0.5 },
    witness,
  });
  const spec: AccessLogSpec = {
    path,
    format: { kind: "json", fields: ["protocol", "error", "flags", "requestBytes"] },
    sample: 1,
    slowMs: 1_000,
    filter: [],
  };
  const lines = async (): Promise<readonly unknown[]> => {
    await log.flush();
    const text = await readFile(path, "utf8").catch(() => "");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as unknown);
  };
  return { log, witness, spec, lines };
}

describe("AccessLog", () => {
  test("hears of nothing while it is off", async () => {
    const { log, witness, spec } = await bed();
    expect([witness.exchanges, witness.tunnels]).toEqual([undefined, undefined]);
    log.follow(spec);
    expect([witness.exchanges, witness.tunnels]).toEqual([log, log]);
    log.follow(undefined);
    expect([witness.exchanges, witness.tunnels]).toEqual([undefined, undefined]);
  });

  test("tells how tunnels end, and which requests were refused before they were any", async () => {
    const { log, spec, lines } = await bed();
    log.follow(spec);
    log.tunnelEnded({ ...tunnel, outcome: "ok" });
    log.tunnelEnded({ ...tunnel, protocol: "tcp", outcome: "endpoint" });
    log.tunnelEnded({ ...tunnel, protocol: "tcp", outcome: "connect-refused" });
    log.headRefused({ ...refused, status: 400, reason: "host-missing" });
    expect(await lines()).toEqual([
      { protocol: "WebSocket", requestBytes: 1 },
      { protocol: "TCP", error: "endpoint", flags: "cut", requestBytes: 1 },
      { protocol: "TCP", error: "connect-refused", flags: "local", requestBytes: 1 },
      { protocol: "HTTP/1.1", error: "host-missing", flags: "local" },
    ]);
    expect(log.counts).toEqual({ written: 4, dropped: 0 });
  });

  test("writes a part of what is well, and all of what is not", async () => {
    const { log, spec, lines } = await bed([0.1, 0.3, 0.2]);
    log.follow({ ...spec, sample: 0.25 });
    for (const outcome of ["ok", "ok", "idle", "client"]) log.tunnelEnded({ ...tunnel, outcome });
    const errors = (await lines()).map((line) => (line as { error?: string }).error);
    expect(errors).toEqual([undefined, "idle", "client"]);
  });

  test("writes nothing but errors where only those are wanted", async () => {
    const { log, spec, lines } = await bed();
    log.follow({ ...spec, filter: ["errors"] });
    log.tunnelEnded({ ...tunnel, outcome: "ok" });
    log.headRefused({ ...refused, status: 400, reason: "host-missing" });
    expect(await lines()).toEqual([
      { protocol: "HTTP/1.1", error: "host-missing", flags: "local" },
    ]);
  });

  test("goes on in another file, with all lines of the first in the first", async () => {
    const { log, spec, lines } = await bed();
    log.follow({ ...spec, path: `${spec.path}.old` });
    log.tunnelEnded({ ...tunnel, outcome: "ok" });
    log.follow(spec);
    log.tunnelEnded({ ...tunnel, outcome: "client" });
    expect(await lines()).toHaveLength(1);
    expect(await readFile(`${spec.path}.old`, "utf8")).toBe(
      '{"protocol":"WebSocket","requestBytes":1}\n',
    );
  });
});
