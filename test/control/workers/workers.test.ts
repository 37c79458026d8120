import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { ListenError, WorkerError } from "../../../control/base/errors.ts";
import { ListeningSockets } from "../../../control/workers/listening-sockets.ts";
import { Briefing } from "../../../control/workers/briefing.ts";
import { Workers } from "../../../control/workers/workers.ts";
import type { Log } from "../../../proxy/base/log.ts";
import type { ListenerSnapshot, TableChange } from "../../../proxy/table/snapshot.ts";
import type { ListenerTls } from "../../../proxy/table/tls.ts";
import { compileService } from "../../../control/config/compile-service.ts";
import { readService } from "../../../control/config/read-service.ts";
import { makeCertificate } from "../../support/certificates.ts";
import { RawSocket } from "../../support/raw-socket.ts";
import { eventually } from "../../support/eventually.ts";
import { KeptConnection } from "../../support/kept-connection.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { WORKER } from "../../support/sidecar.ts";

const LISTENER: ListenerSnapshot = {
  bind: "127.0.0.1:0",
  service: undefined,
  trustedPeers: [],
  proxyProtocol: false,
  protocols: ["http/1.1" as const],
  connectionsMax: 100,
};

const DRAIN = { softMs: 1_000, hardMs: 1_000, connectionsPerSecond: 100 };

type TestWorkers = {
  readonly workers: Workers;
  readonly clock: ManualClock;
  /** Event names, in order. */
  readonly logged: readonly string[];
};

function ignore(): void {}

/** Workers that are real processes, and wait by a clock that the test turns. */
async function started(count: number): Promise<TestWorkers> {
  const clock = new ManualClock();
  const logged: string[] = [];
  const note = (event: string): void => void logged.push(event);
  const log: Log = { info: note, warn: note, error: note };
  const sockets = new ListeningSockets();
  const deps = { briefing: new Briefing(), sockets, log, clock, onEvent: ignore };
  const workers = new Workers({ ...deps, count, file: WORKER, pseudonym: "test" });
  onTestFinished(() => {
    for (const pid of workers.pids) signal(pid, "SIGCONT");
    workers.close();
  });
  await workers.start();
  return { workers, clock, logged };
}

function signal(pid: number | undefined, name: NodeJS.Signals): void {
  process.kill(pid ?? Number.NaN, name);
}

/** A change that makes `web` of one endpoint, or of none. */
function change(revision: number, endpoints: readonly string[] = []): TableChange {
  const service = readService("web", { versions: { v1: { endpoints: [...endpoints] } } });
  return { revision, replace: [compileService("web", service, new Map())], remove: [] };
}

/** A service's endpoint that answers with a text. */
async function startOrigin(text: string): Promise<string> {
  const server = createServer((_request, response) => response.end(text)).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function get(address: string): Promise<string> {
  const client = await KeptConnection.open(Number(address.split(":").at(-1)));
  const { status, body } = await client.get("web").finally(() => client.close());
  return status === 200 ? body : `status ${status}`;
}

/** The revisions that the workers act on; the counts of those that are gone have none. */
async function revisions(workers: Workers): Promise<readonly number[]> {
  return (await workers.stats()).map(({ revision }) => revision).filter((each) => each > 0);
}

describe("Workers", () => {
  test("a listener serves nobody without the certificates that tellTls() tells", async () => {
    const { workers } = await started(1);
    const tls: ListenerTls = {
      identities: ["file:a.pem"],
      minVersion: "1.2",
      clientCert: "none",
      trust: undefined,
      intentions: false,
      forwardClientCert: "off",
      handshakesMax: 1,
      replacedMaxAgeMs: 0,
    };
    const address = await workers.listen({ ...LISTENER, tls });
    const port = Number(address.split(":").at(-1));
    await expect(RawSocket.openTls({ port })).rejects.toThrow(/ECONNRESET|disconnected/);
    const { chainPem: certPem, keyPem } = makeCertificate({ names: ["DNS:web"] });
    const wrong = [{ id: "file:a.pem", certPem, keyPem: "", names: [] }];
    await expect(
      workers.tellTls({ identities: wrong, trusts: [], ticketKeys: [] }),
    ).rejects.toThrow("Cannot use file:a.pem: wanted a certificate with its key, found ERR_");
    await expect(RawSocket.openTls({ port })).rejects.toThrow(/ECONNRESET|disconnected/);
    const identities = [{ id: "file:a.pem", certPem, keyPem, names: [] }];
    await workers.tellTls({ identities, trusts: [], ticketKeys: [] });
    (await RawSocket.openTls({ port })).close();
  });

  test("apply() resolves when every worker acts on the change", async () => {
    const { workers } = await started(2);
    await workers.apply(change(7));
    expect(await revisions(workers)).toEqual([7, 7]);
  });

  test("a worker that ends is replaced by one with the whole table and all listeners", async () => {
    const { workers, clock, logged } = await started(1);
    const origin = await startOrigin("hello");
    await workers.apply(change(1));
    await workers.apply(change(2, [origin]));
    const address = await workers.listen(LISTENER);
    expect(await get(address)).toBe("hello");
    const [pid] = workers.pids;
    await clock.advance(2_000);
    signal(pid, "SIGKILL");
    // It waits in the listening socket's queue until the next worker is there.
    expect(await get(address)).toBe("hello");
    expect(await revisions(workers)).toEqual([2]);
    expect(workers.pids).not.toContain(pid);
    expect(workers.restarts).toBe(1);
    expect(logged).toEqual(["worker.started", "worker.ended", "worker.started"]);
  });

  test("a worker that ends soon after its start is replaced later, each time more so", async () => {
    const { workers, clock } = await started(1);
    for (const waitMs of [200, 400, 800]) {
      signal(workers.pids[0], "SIGKILL");
      await eventually(() => expect(workers.pids).toEqual([]));
      await clock.advance(waitMs - 1);
      expect(workers.pids).toEqual([]);
      await clock.advance(1);
      await eventually(() => expect(workers.pids).toHaveLength(1));
    }
    expect(workers.restarts).toBe(3);
  });

  test("a worker that ends while it is asked is no failure", async () => {
    const { workers } = await started(2);
    for (let revision = 1; revision <= 20; revision += 1) {
      if (revision === 5) signal(workers.pids[0], "SIGKILL");
      await workers.apply(change(revision));
      await workers.stats();
    }
    // Its successor comes after a pause, as it had just begun.
    await eventually(() => expect(workers.pids).toHaveLength(1));
    expect(await revisions(workers)).toEqual([20]);
  });

  test("apply() and stats() name a worker that does not answer", async () => {
    const { workers, clock } = await started(2);
    const [stuck] = workers.pids;
    signal(stuck, "SIGSTOP");
    const why = `worker ${stuck} did not answer in time`;
    const asked = [workers.apply(change(3)), workers.stats()];
    const failed = asked.map((each) => expect(each).rejects.toThrow(why));
    await clock.advance(5_000);
    await Promise.all(failed);
    // It has not lost the change.
    signal(stuck, "SIGCONT");
    expect(await revisions(workers)).toEqual([3, 3]);
  });

  test("drain() does not wait for good for a worker that is stuck", async () => {
    const { workers, clock } = await started(2);
    const [stuck] = workers.pids;
    signal(stuck, "SIGSTOP");
    const drained = workers.drain(DRAIN);
    await clock.advance(6_000);
    await drained;
    await eventually(() => expect(workers.pids).toEqual([]));
  });

  test("giveAll() does not wait for good for a worker that is stuck", async () => {
    const { workers, clock, logged } = await started(1);
    signal(workers.pids[0], "SIGSTOP");
    const given = workers.giveAll(ignore);
    await clock.advance(11_000);
    await given;
    expect(logged).toEqual(["worker.started", "worker.hung", "worker.retired"]);
    expect([workers.pids, workers.restarts]).toEqual([[], 0]);
  });

  test("drain() closes the listeners, and no worker is replaced afterwards", async () => {
    const { workers, logged } = await started(2);
    const address = await workers.listen(LISTENER);
    await workers.drain(DRAIN);
    await expect(get(address)).rejects.toThrow("ECONNREFUSED");
    await eventually(() => expect(workers.pids).toEqual([]));
    expect([workers.restarts, logged]).toEqual([0, ["worker.started", "worker.started"]]);
  });

  test("listen() replaces a listener in place, and unlisten() gives the place back", async () => {
    const { workers } = await started(1);
    await workers.apply(change(1, [await startOrigin("hello")]));
    const address = await workers.listen(LISTENER);
    expect(await workers.listen({ ...LISTENER, service: "none" })).toBe(address);
    expect(await get(address)).toBe("status 404");
    await workers.unlisten(LISTENER.bind);
    await expect(get(address)).rejects.toThrow("ECONNREFUSED");
  });

  test("reserve() names an address in use, and refuses who comes before listen()", async () => {
    const { workers } = await started(1);
    const taken = await startOrigin("hello");
    await expect(workers.reserve(taken)).rejects.toThrow(ListenError);
    await workers.reserve(LISTENER.bind);
    await workers.unlisten(LISTENER.bind);
  });

  test("start() fails when the workers cannot run", async () => {
    const sockets = new ListeningSockets();
    const log: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const briefing = new Briefing();
    const deps = { pseudonym: "x", briefing, sockets, log, clock: new ManualClock() };
    const workers = new Workers({ ...deps, count: 1, file: WORKER, onEvent: ignore });
    onTestFinished(() => workers.close());
    const starting = expect(workers.start()).rejects.toThrow(WorkerError);
    signal(workers.pids[0], "SIGKILL");
    await starting;
  });
});
