import { expect, test } from "vitest";
import { PassedBytes } from "../../../proxy/tunnel/passed-bytes.ts";
import { TunnelBed } from "./tunnel-fixture.ts";

test("PassedBytes goes on from what another worker had counted, and adds only its own", () => {
  const { pool } = new TunnelBed();
  const passed = new PassedBytes({ pool, bytesIn: 10 });
  passed.fromClient(1);
  passed.toClient(2);
  passed.toClient(3);
  expect([passed.bytesIn, passed.bytesOut]).toEqual([11, 5]);
  const { bytesIn, bytesOut } = pool.counters.tunnels;
  expect([bytesIn, bytesOut]).toEqual([1, 5]);
});
