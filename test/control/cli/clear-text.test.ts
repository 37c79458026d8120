import type { LookupAddress } from "node:dns";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ANYBODY } from "../../../control/cli/api-access.ts";
import { readApiAddress } from "../../../control/cli/api-address.ts";
import { openAnswer } from "../../../control/cli/api-request.ts";
import { clearTextGuard } from "../../../control/cli/clear-text.ts";
import { ApiClient } from "../../../control/cli/client.ts";
import { runCommand } from "../../support/run-cli.ts";

const TOKEN = { text: "s3cret", from: "SLUICE_TOKEN" };
const ENV = { SLUICE_TOKEN: TOKEN.text };

test.each([
  "http://192.0.2.1:9180",
  "192.0.2.1:9180",
  "http://0.0.0.0:9180",
  "http://[2001:db8::1]:9180",
  "http://[::ffff:192.0.2.1]:9180",
  "http://[::]:9180",
  "http://128.0.0.1",
])("a token is not sent in clear to %s, which is no loopback address", async (api) => {
  const { status, out, error } = await runCommand(["services", "--api", api, "--json"], ENV);
  expect([status, out]).toEqual([2, ""]);
  const { code, message } = (JSON.parse(error) as { error: { code: string; message: string } })
    .error;
  expect(code).toBe("token_in_clear");
  expect(message).toMatch(/^Cannot send a token to .*: wanted https:\/\/, .*; with `ssh -L 9180:/);
  expect(error).not.toContain("s3cret");
});

test.each([
  "http://127.0.0.1:9180",
  "http://127.9.9.9",
  "http://[::1]:9180",
  "http://[::ffff:127.0.0.1]:9180",
  "http://localhost:9180",
  "https://192.0.2.1:9180",
  "unix:/run/api.sock",
])("a token may be sent to %s", (api) => {
  expect(() => clearTextGuard(readApiAddress(api))).not.toThrow();
});

/** What the guard of an address with a name makes of what the name resolves to. */
function resolved(to: string, all: boolean): Promise<string | LookupAddress[]> {
  const guard = clearTextGuard(readApiAddress("http://api.example"));
  return new Promise((resolve, reject) => {
    // An address resolves to itself.
    guard?.(to, { all }, (error, address) => (error === null ? resolve(address) : reject(error)));
  });
}

test("a name is judged by what it resolves to, and connected to that", async () => {
  expect(await resolved("127.0.0.2", true)).toEqual([{ address: "127.0.0.2", family: 4 }]);
  expect(await resolved("::1", false)).toBe("::1");
  for (const all of [true, false]) {
    await expect(resolved("192.0.2.1", all)).rejects.toMatchObject({
      code: "token_in_clear",
      message: expect.stringContaining("http://api.example: wanted https://"),
    });
  }
  await expect(resolved("nobody.invalid", true)).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
});

test("nothing is connected to when a name resolves to what is no loopback address", async () => {
  const address = readApiAddress("http://api.example:9180");
  const guard = clearTextGuard(address);
  const asked = openAnswer(
    { address, lookup: (_name, options, told) => guard?.("192.0.2.1", options, told) },
    { method: "GET", path: "/", headers: { authorization: "Bearer s3cret" } },
  );
  await expect(asked).rejects.toMatchObject({ code: "token_in_clear", exitCode: 2 });
});

test("a token reaches a server by a name of this machine", async () => {
  const server = createServer(({ headers }, response) =>
    response.end(JSON.stringify(headers.authorization)),
  );
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  onTestFinished(() => void server.close());
  const api = `http://localhost:${(server.address() as AddressInfo).port}`;
  const client = new ApiClient(readApiAddress(api), { ...ANYBODY, token: TOKEN });
  expect(await client.get("/v1/x")).toBe("Bearer s3cret");
});

test("without a token any address may be asked in clear", () => {
  // As `readyz` is by health checks.
  expect(new ApiClient(readApiAddress("http://192.0.2.1"), ANYBODY).url).toBe("http://192.0.2.1");
});
