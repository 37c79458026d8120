import { expect, test } from "vitest";
import { runCli } from "../../../control/cli/program.ts";
import { eventually } from "../../support/eventually.ts";
import { runCommand } from "../../support/run-cli.ts";
import { startApi } from "../../support/running-api.ts";
import { ok, startScriptedApi } from "../../support/scripted-api.ts";

const READMISSION = {
  kind: "readmission",
  services: ["web"],
  version: "v1",
  endpoint: "10.0.0.5:3000",
} as const;

test("sluice events shows the events that are kept, and ends", async () => {
  await using api = await startApi();
  api.events.emit(READMISSION);
  const env = { SLUICE_API: api.url };
  const { status, out } = await runCommand(["events"], env);
  const [line] = out.split("\n").slice(-1);
  expect(status).toBe(0);
  expect(line).toMatch(/^\d{4}-\S+Z readmission web version="v1" endpoint="10\.0\.0\.5:3000"$/);
  const json = (await runCommand(["events", "--json"], env)).out.split("\n").slice(-1);
  expect(JSON.parse(json[0] ?? "")).toMatchObject({ ...READMISSION, service: "web" });
});

test("sluice events of a sidecar without any prints nothing", async () => {
  const api = await startScriptedApi({ "GET /v1/events?follow=false": ok(": connected\n\n") });
  expect(await runCommand(["events"], { SLUICE_API: api.url })).toEqual({
    status: 0,
    out: "",
    error: "",
  });
});

test("sluice events -f shows each event as it comes, until nobody reads", async () => {
  await using api = await startApi();
  const reader = new AbortController();
  const lines: string[] = [];
  const output = {
    out: (line: string) => void lines.push(line),
    error: (line: string) => void lines.push(line),
    ended: reader.signal,
  };
  const options = { output, env: { SLUICE_API: api.url }, version: "1.2.3" };
  const status = runCli(["events", "-f"], options);
  await eventually(() => {
    api.events.emit(READMISSION);
    expect(lines.length).toBeGreaterThan(1);
  });
  expect(lines[0]).toMatch(/Z readmission web version="v1"/);
  reader.abort();
  expect(await status).toBe(0);
});

test("sluice events -f opens a stream that has ended again, after the last event", async () => {
  const stream = 'id: a.7\nevent: drain\ndata: {"kind":"drain","scope":"sidecar"}\n\n';
  const api = await startScriptedApi({ "GET /v1/events": ok(stream) });
  const reader = new AbortController();
  const lines: string[] = [];
  const out = (line: string): void => void lines.push(line);
  const output = { out, error: out, ended: reader.signal };
  const options = { output, env: { SLUICE_API: api.url }, version: "1.2.3" };
  const status = runCli(["events", "-f"], options);
  await eventually(() => expect(api.asked.length).toBeGreaterThan(1));
  reader.abort();
  expect(await status).toBe(0);
  expect(lines[0]).toBe('- drain scope="sidecar"');
});
