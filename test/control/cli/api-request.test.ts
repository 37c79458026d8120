import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ANYBODY } from "../../../control/cli/api-access.ts";
import { readApiAddress } from "../../../control/cli/api-address.ts";
import { ApiClient } from "../../../control/cli/client.ts";
import { runCommand } from "../../support/run-cli.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** A server that listens until the test ends. */
async function listening(server: Server, ...where: readonly (number | string)[]): Promise<void> {
  const [first, host] = where;
  const { promise, resolve } = Promise.withResolvers<void>();
  if (typeof first === "string") server.listen(first, resolve);
  else server.listen(first, String(host), resolve);
  await promise;
  onTestFinished(() => void server.close());
}

function get(url: string): Promise<unknown> {
  return new ApiClient(readApiAddress(url), ANYBODY).get("/v1/x");
}

/** A server that answers with the path that it was asked for. */
function echo(): Server {
  return createServer((request, response) => response.end(JSON.stringify(request.url)));
}

test.each(["unix:", "unix://"])("openAnswer() asks at a Unix socket, %sPATH", async (scheme) => {
  const path = join(await temporaryFolder(), "api.sock");
  await listening(echo(), path);
  expect(await get(`${scheme}${path}`)).toBe("/v1/x");
});

test("openAnswer() asks at ports that fetch refuses", async () => {
  const server = echo();
  // An address of its own: somebody may use the port at 127.0.0.1.
  await listening(server, 10_080, "127.6.0.1");
  await expect(fetch("http://127.6.0.1:10080/v1/x")).rejects.toThrow("fetch failed");
  expect(await get("http://127.6.0.1:10080")).toBe("/v1/x");
});

test.each([
  ["", "/v1/x"],
  ["/", "/v1/x"],
  ["/sluice//", "/sluice/v1/x"],
])("openAnswer() keeps what stands in the path of the address, %j", async (path, asked) => {
  const server = echo();
  await listening(server, 0, "127.0.0.1");
  const { port } = server.address() as AddressInfo;
  expect(await get(`http://127.0.0.1:${port}${path}`)).toBe(asked);
  expect(await get(`127.0.0.1:${port}${path}`)).toBe(asked);
});

const RUNNING = "is `sluice run` running?";

test("only when nobody listens is the user asked whether the sidecar runs", async () => {
  const path = join(await temporaryFolder(), "none.sock");
  const { status, error } = await runCommand(["services", "--api", `unix:${path}`]);
  expect([status, error]).toEqual([1, expect.stringContaining(`ENOENT; ${RUNNING}`)]);
});

test.each([
  ["closes at once", "", "unreachable"],
  ["speaks another protocol", "SSH-2.0-OpenSSH_9.9\r\n", "bad_answer"],
  ["ends in the middle", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", "unreachable"],
])("a server that %s gets its own words", async (_name, says, code) => {
  const server = createTcpServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(says));
  });
  await listening(server, 0, "127.0.0.1");
  const { port } = server.address() as AddressInfo;
  const failure: unknown = await get(`http://127.0.0.1:${port}`).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code, message: expect.not.stringContaining(RUNNING) });
});

test("a name without an address is said to be that", async () => {
  await expect(get("http://nobody.invalid:9180")).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringMatching(/(ENOTFOUND|EAI_AGAIN): its name has no address$/),
  });
});

test("a redirect is not followed, whatever it leads to", async () => {
  const asked: (string | undefined)[] = [];
  const other = createServer(({ headers }, response) => {
    asked.push(headers.authorization);
    response.end("{}");
  });
  await listening(other, 0, "127.0.0.1");
  const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/v1/x`;
  for (const status of [301, 302, 303, 307, 308]) {
    const first = createServer((_request, response) =>
      response.writeHead(status, { location }).end(),
    );
    await listening(first, 0, "127.0.0.1");
    const address = readApiAddress(`http://127.0.0.1:${(first.address() as AddressInfo).port}`);
    const client = new ApiClient(address, {
      token: { text: "s3cret", from: "SLUICE_TOKEN" },
      tls: undefined,
    });
    await expect(client.send("PUT", "/v1/x", { body: {} })).rejects.toMatchObject({
      code: `http_${status}`,
      message: expect.stringContaining(`where it leads, for --api: ${location}`),
    });
  }
  expect(asked).toEqual([]);
});
