import type { buildConnector, Client } from "undici";
import type { HttpQuestion } from "../config/service.ts";
import { connectByTls } from "./probe-tls.ts";
import type { Prober, ProbeResult, ProbeTarget } from "./probe-target.ts";

/** Most bytes of an answer's body that are read: a status page fits, a download does not. */
const BODY_BYTES_MAX = 64 * 1024;

/** Asks by GET. 2xx and 3xx are a success; the body must end, or exceed BODY_BYTES_MAX. */
export async function httpProber(target: ProbeTarget<HttpQuestion>): Promise<Prober> {
  const client = await openClient(target);
  return { ask: () => ask(client, target), close: () => client.destroy() };
}

/**
 * The clock times the whole probe; `connect` only bounds a socket that nobody waits for any more.
 * undici takes 4 MiB, so it is loaded with the first probe.
 */
async function openClient({ address, timeoutMs, tls }: ProbeTarget<unknown>): Promise<Client> {
  const undici = await import("undici");
  const options = {
    // No keep-alive: sends Connection: close.
    pipelining: 0,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: timeoutMs },
  };
  if (tls !== undefined) {
    const open: buildConnector.connector = (_options, onConnected) =>
      connectByTls(address, tls, { protocol: "http/1.1", timeoutMs }, onConnected);
    return new undici.Client("https://localhost", { ...options, connect: open });
  }
  if (!address.startsWith("unix:")) return new undici.Client(`http://${address}`, options);
  const socketPath = address.slice("unix:".length);
  return new undici.Client("http://localhost", { ...options, socketPath });
}

async function ask(
  client: Client,
  { host, question: { path } }: ProbeTarget<HttpQuestion>,
): Promise<ProbeResult> {
  const { statusCode, body } = await client.request({
    method: "GET",
    path,
    headers: { host, "user-agent": "sluice-health-check" },
  });
  await body.dump({ limit: BODY_BYTES_MAX });
  const succeeded = statusCode >= 200 && statusCode < 400;
  return { succeeded, reason: `answered ${statusCode}` };
}
