import { onTestFinished, expect, test } from "vitest";
import {
  agentPlace,
  openAgent,
  openPackage,
  openPool,
} from "../../../control/consul/agent-connections.ts";
import { FakeConsul } from "../../support/fake-consul.ts";

test.each([
  ["http://127.0.0.1:8500", "http://127.0.0.1:8500", "", undefined],
  ["https://gateway/consul/", "https://gateway", "/consul", undefined],
  ["unix:///run/a b/consul.sock", "http://localhost", "", "/run/a b/consul.sock"],
])("agentPlace() takes %s apart", (address, origin, prefix, socketPath) => {
  expect(agentPlace(address)).toEqual({ origin, prefix, socketPath });
});

test("openPool() opens no more connections than it may", async () => {
  await using consul = await FakeConsul.start();
  const pool = openPool({ address: consul.address }, 2);
  onTestFinished(() => pool.destroy());
  const asked = [1, 2, 3].map(() => pool.request({ method: "GET", path: "/v1/status/leader" }));
  const answers = await Promise.all(asked);
  await Promise.all(answers.map(({ body }) => body.text()));
  expect(pool.stats.connected).toBeLessThanOrEqual(2);
});

test("openAgent() keeps one idle connection, as an agent counts those too", async () => {
  await using consul = await FakeConsul.start();
  const { address } = consul;
  const agent = openAgent({ address }, 4);
  onTestFinished(() => agent.destroy());
  const calls = openPackage({ address }, { headers: {}, timeoutMs: 5_000, agent });
  const asked = Array.from({ length: 4 }, () => calls.kv.set({ key: "a", value: "1" }));
  expect(await Promise.all(asked)).toEqual([true, true, true, true]);
  await expect.poll(async () => consul.connections()).toBe(1);
});
