import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { createAuthority } from "../support/authority.ts";
import { eventually } from "../support/eventually.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { startSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/*
 * Goal: a session goes on wherever its client comes back, and no longer than the certificate that
 * it began with. Method: a real sidecar with two workers, a new primary in its place, and then
 * another certificate; one client comes back with its ticket each time.
 */

const GET = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";

test("a session goes on at a new primary, and ends with its certificate", async () => {
  const authority = createAuthority();
  const folder = await temporaryFolder();
  const [cert, key] = [join(folder, "web.pem"), join(folder, "web.key")];
  const put = async (): Promise<void> => {
    const { certPem, keyPem } = authority.issue({ names: ["DNS:web"] });
    await writeFile(cert, certPem);
    await writeFile(key, keyPem, { mode: 0o600 });
  };
  await put();
  const sidecar = await startSidecar({
    workers: 2,
    listeners: [{ bind: "127.0.0.1:0", tls: { certificates: [{ cert, key }] } }],
  });
  onTestFinished(sidecar.stop);
  const [port = 0] = sidecar.ports;
  const first = await RawSocket.openTls({ port });
  const told = new Promise<Buffer>((resolve) => void first.socket.once("session", resolve));
  await first.send(GET).response();
  const session = await told;
  first.close();
  const isResumed = async (): Promise<boolean> => {
    const client = await RawSocket.openTls({ port }, { session });
    const wasResumed = (client.socket as TLSSocket).isSessionReused();
    await client.send(GET).response();
    client.close();
    return wasResumed;
  };

  // Whichever of the two workers it comes to.
  for (let visits = 0; visits < 4; visits += 1) expect(await isResumed()).toBe(true);
  const answer = await sidecar.call("POST", "/v1/upgrade", {});
  const { pid } = (await answer.json()) as { pid: number };
  onTestFinished(() => void process.kill(pid, "SIGKILL"));
  expect(await isResumed()).toBe(true);
  await put();
  // The old primary's API is the new one's now.
  await eventually(async () => {
    const reloaded = await sidecar.call("POST", "/v1/certificates/reload");
    expect(reloaded.status).toBe(200);
  });
  expect(await isResumed()).toBe(false);
});
