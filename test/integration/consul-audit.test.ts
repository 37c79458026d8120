import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { NO_ENTRY, sealEntry } from "../../control/records/audit-entry.ts";
import type { AuditEntry, AuditHead } from "../../control/records/audit-entry.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: an audit log that was cut off or rewritten is found out when the sidecar starts, and keeps
 * nobody from serving. Method: whole sidecars over a real agent, and a tampered file.
 */

const binary = (await consulForTests()) ?? "";

describe.skipIf(binary === "")("the end of the audit log in Consul", { timeout: 60_000 }, () => {
  let agent: TestAgent;
  let origin: VersionOrigin;

  beforeAll(async () => {
    agent = await TestAgent.start(binary);
    origin = await VersionOrigin.start("v1");
  });
  afterAll(async () => {
    origin[Symbol.dispose]();
    await agent[Symbol.asyncDispose]();
  });

  async function start(prefix: string, copies: string): Promise<TestSidecar> {
    const v1 = { weight: 1, endpoints: [origin.address] };
    const sidecar = await startSidecar({
      store: { kind: "consul", prefix },
      consul: { address: agent.address, sidecar: "a", copies },
      services: { web: { hosts: ["localhost"], versions: { v1 } } },
    });
    onTestFinished(sidecar.stop);
    return sidecar;
  }

  async function noted(prefix: string): Promise<{ readonly sequence: number }> {
    const [entry] = (await agent.get(`kv/${prefix}/audit/a`)) as [{ readonly Value: string }];
    return JSON.parse(Buffer.from(entry.Value, "base64").toString()) as ReturnType<typeof noted>;
  }

  async function stop(sidecar: TestSidecar): Promise<void> {
    sidecar.child.kill("SIGTERM");
    expect(await sidecar.ended).toBe(0);
  }

  async function problems(sidecar: TestSidecar): Promise<readonly object[]> {
    const answer = await sidecar.call("GET", "/readyz");
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { readonly problems: readonly object[] }).problems;
  }

  /** A place where three changes are in the log, and noted; nothing runs. */
  async function threeChanges(prefix: string): Promise<{ copies: string; log: string }> {
    const copies = await temporaryFolder();
    const sidecar = await start(prefix, copies);
    for (const v1 of [2, 3, 4]) {
      const answer = await sidecar.call("PATCH", "/v1/services/web/weights", { v1 });
      expect(answer.status).toBe(200);
    }
    await eventually(async () => expect((await noted(prefix)).sequence).toBe(3));
    await stop(sidecar);
    return { copies, log: join(copies, "a", "audit.jsonl") };
  }

  const readLines = async (path: string): Promise<string[]> =>
    (await readFile(path, "utf8")).trimEnd().split("\n");

  const writeLines = (path: string, lines: readonly string[]): Promise<void> =>
    writeFile(path, lines.map((line) => `${line}\n`).join(""));

  /** The same log with other words, and all hashes right. */
  function forged(lines: readonly string[]): string[] {
    let tail: AuditHead = NO_ENTRY;
    return lines.map((line) => {
      const { hash: _hash, ...entry } = JSON.parse(line) as AuditEntry;
      tail = sealEntry({ ...entry, actor: "somebody else", previousHash: tail.hash });
      return JSON.stringify(tail);
    });
  }

  test.each([
    ["cut off", (lines: string[]) => lines.slice(0, 2), "found that it ends with 2"],
    ["written anew", forged, "wanted entry 3 with hash"],
  ])("a log that was %s is found at the next start", async (name, change, reason) => {
    const prefix = name.replace(" ", "-");
    const { copies, log } = await threeChanges(prefix);
    await writeLines(log, change(await readLines(log)));

    const second = await start(prefix, copies);
    const text = expect.stringContaining(reason) as string;
    await eventually(async () => expect(await problems(second)).toEqual([{ code: "audit", text }]));
    const line = second.log.find(({ event }) => event === "audit.mismatch");
    expect(line).toMatchObject({ level: "error", reason: text });
    const events = await second.call("GET", "/v1/events?follow=false", undefined, {
      "last-event-id": "0",
    });
    expect(await events.text()).toContain("event: audit-mismatch");
    expect((await fetch(`http://localhost:${second.ports[0]}/`)).status).toBe(200);
    expect((await second.call("PATCH", "/v1/services/web/weights", { v1: 5 })).status).toBe(200);
    expect(await problems(second)).toEqual([{ code: "audit", text }]);

    const accepted = await second.call("POST", "/v1/audit/accept");
    expect(await accepted.json()).toEqual({ accepted: true });
    expect(await problems(second)).toEqual([]);
    const { length } = await readLines(log);
    await eventually(async () => expect((await noted(prefix)).sequence).toBe(length));
    await stop(second);
    const third = await start(prefix, copies);
    await eventually(() => expect(third.log.map(({ event }) => event)).toContain("sidecar.ready"));
    expect(await problems(third)).toEqual([]);
    expect(third.log.map(({ event }) => event)).not.toContain("audit.mismatch");
  });
});
