import { describe, expect, test } from "vitest";
import { runProgram } from "./support/foreign-process.ts";
import { startPython } from "./support/origins.ts";
import { isMissing, ownProgram, program } from "./support/programs.ts";
import { sidecarFor } from "./support/sidecar-for.ts";

/*
 * Goal: WebSockets of Python's websockets pass as they are.
 */

const MESSAGES = 40;

describe.skipIf(isMissing("python"))("The websockets of Python", () => {
  test("gets back all that it sends, compressed and large", async () => {
    await using origin = await startPython("websocket_echo.py");
    const { url } = await sidecarFor([origin.address]);
    const args = [ownProgram("websocket_client.py"), url.replace("http", "ws"), String(MESSAGES)];
    const { out, error } = await runProgram(program("python"), args);
    expect({ out, error }).toEqual({ out: `${MESSAGES}\n`, error: "" });
  });
});
