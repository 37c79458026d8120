import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import type { ForeignServer } from "./support/foreign-process.ts";
import { runProgram } from "./support/foreign-process.ts";
import { startNode } from "./support/origins.ts";
import { isMissing, NODE_ENVIRONMENT, ownProgram } from "./support/programs.ts";
import { sidecarFor } from "./support/sidecar-for.ts";

/*
 * Goal: calls of gRPC pass as between the two of them. Method: the public list of its
 * interoperability cases, with @grpc/grpc-js on both sides of a sidecar.
 */

/** What each case ends with: its status first, as a number. */
const WANTED: Readonly<Record<string, readonly unknown[]>> = {
  empty_unary: [0, 0],
  large_unary: [0, 314_159],
  client_streaming: [0, "74922"],
  server_streaming: [0, 31_415, 9, 2_653, 58_979],
  ping_pong: [0, 31_415, 9, 2_653, 58_979],
  empty_stream: [0, 0],
  large_stream: [0, 16 * 1024 * 1024],
  custom_metadata: [0, "test_initial_metadata_value", "ababab"],
  status_code_and_message: [2, "test status message", 2, "test status message"],
  special_status_message: [2, true],
  unimplemented_method: [12],
  unimplemented_service: [12],
  cancel_after_begin: [1],
  cancel_after_first_response: [1, 31_415, "heard"],
  timeout_on_sleeping_server: [4],
  deadline_is_passed_on: [0, true],
};

async function startOrigin(name: string): Promise<ForeignServer> {
  const origin = await startNode("grpc-origin.cjs", name);
  onTestFinished(() => origin[Symbol.asyncDispose]());
  return origin;
}

/** Runs cases against that address; what each ended with, by name. */
async function outcomes(address: string, ...names: readonly string[]): Promise<object> {
  const args = [ownProgram("grpc-client.cjs"), address, ...names];
  const { out, error } = await runProgram(process.execPath, args, { env: NODE_ENVIRONMENT });
  expect(error).toBe("");
  const told = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { name: string; outcome: unknown });
  return Object.fromEntries(told.map(({ name, outcome }) => [name, outcome]));
}

describe.skipIf(isMissing("grpc-js"))("gRPC of Node", () => {
  const cases = Object.keys(WANTED);

  test("passes the interoperability cases by itself", async () => {
    const origin = await startOrigin("v1");
    expect(await outcomes(origin.address, ...cases)).toEqual(WANTED);
  });

  test("passes them through a sidecar, which knows the server's health", async () => {
    const origin = await startOrigin("v1");
    const healthCheck = { kind: "grpc", interval: "100ms", rise: 1, fall: 1 };
    const { sidecar, url } = await sidecarFor([origin.address], {
      upstream: { protocol: "h2" },
      healthCheck,
    });
    expect(await outcomes(url.replace("http://", ""), ...cases)).toEqual(WANTED);
    const shown = async (): Promise<string> =>
      (await sidecar.call("GET", "/v1/services/web")).text();
    expect(await shown()).toContain('"healthy":true');
    await origin[Symbol.asyncDispose]();
    await eventually(async () => {
      expect(await shown()).toContain('"healthy":false');
    });
  });

  test("is split call by call on one connection, exactly", async () => {
    const [one, two] = [await startOrigin("v1"), await startOrigin("v2")];
    const versions = {
      v1: { weight: 90, endpoints: [one.address] },
      v2: { weight: 10, endpoints: [two.address] },
    };
    const { url } = await sidecarFor([], { upstream: { protocol: "h2" }, versions });
    const { split } = (await outcomes(url.replace("http://", ""), "split")) as { split: number[] };
    const [first = 0, second = 0] = split;
    expect(first + second).toBe(100);
    expect(Math.abs(first - 90)).toBeLessThanOrEqual(2);
  });

  test("hears from the sidecar that there is no endpoint, in its own words", async () => {
    const { url } = await sidecarFor(["127.0.0.1:1"], { upstream: { protocol: "h2" } });
    const { empty_unary: outcome } = (await outcomes(
      url.replace("http://", ""),
      "empty_unary",
    )) as {
      empty_unary: unknown[];
    };
    expect(outcome[0]).toBe(14);
  });
});
