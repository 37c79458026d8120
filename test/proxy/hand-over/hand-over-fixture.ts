import { IntentionsInForce } from "../../../proxy/clients/judged-client.ts";
import { jsonLog } from "../../../proxy/base/log.ts";
import { LocalFaults } from "../../../proxy/base/local-faults.ts";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { compileService } from "../../../control/config/compile-service.ts";
import { readService } from "../../../control/config/read-service.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import { HttpDate } from "../../../proxy/base/http-date.ts";
import { systemRandom } from "../../../proxy/base/random.ts";
import { Http2Counts } from "../../../proxy/http2/counts.ts";
import { ReadBuffers } from "../../../proxy/transport/read-buffers.ts";
import { TlsContexts } from "../../../proxy/transport/tls-contexts.ts";
import { TimerWheel } from "../../../proxy/base/timer-wheel.ts";
import { Adoption } from "../../../proxy/hand-over/adoption.ts";
import { HandOver } from "../../../proxy/hand-over/hand-over.ts";
import { BufferBudget } from "../../../proxy/exchange/buffer-budget.ts";
import { Mirrors } from "../../../proxy/exchange/mirrors.ts";
import { LocalReplies } from "../../../proxy/metrics/local-replies.ts";
import { ServiceCounts } from "../../../proxy/metrics/service-counts.ts";
import { RejectCounters } from "../../../proxy/metrics/reject-counters.ts";
import { ClientConnections } from "../../../proxy/clients/client-connections.ts";
import { openClient } from "../../../proxy/clients/open-client.ts";
import { ExchangeStore } from "../../../proxy/clients/exchange-store.ts";
import type { ClientDeps } from "../../../proxy/clients/client-deps.ts";
import { Refusals } from "../../../proxy/exchange/refusals.ts";
import { RequestIds } from "../../../proxy/exchange/request-ids.ts";
import { Witnesses } from "../../../proxy/exchange/witness.ts";
import { LiveServices } from "../../../proxy/upstream/live-services.ts";
import { RawOrigin } from "../../support/origin.ts";
import { RawSocket } from "../../support/raw-socket.ts";

const PEER = { address: "127.0.0.1", trusted: false };
const LISTENER = { service: undefined, protocols: ["h2", "http/1.1"] } as const;

const onEjection = (): void => undefined;

/** What one worker is made of, with a service `web` at this endpoint, as in the configuration. */
export function serveParts(
  endpoint: string,
  pseudonym: string,
  wheel = new TimerWheel(systemClock),
  settings: object = {},
): ClientDeps {
  const buffers = new ReadBuffers();
  const faults = new LocalFaults(
    wheel,
    jsonLog(onEjection, () => 0),
  );
  const contexts = new TlsContexts();
  const witness = new Witnesses();
  const services = new LiveServices({
    buffers,
    wheel,
    clock: systemClock,
    random: systemRandom,
    onEjection,
    onPanic: onEjection,
    faults,
    contexts,
    http2Counts: new Http2Counts(),
    onHttp2Rejected: onEjection,
    witness,
  });
  const versions = { v1: { endpoints: [endpoint] } };
  const service = readService("web", { via: "both", versions, ...settings });
  const replace = [compileService("web", service, new Map())];
  services.replace(services.table.with({ revision: 1, replace, remove: [] }));
  const connections = new ClientConnections();
  onTestFinished(() => {
    connections.destroyAll();
    services.close();
    wheel.close();
  });
  const rejected = new RejectCounters();
  const exchangeDeps = {
    clock: systemClock,
    wheel,
    random: systemRandom,
    date: new HttpDate(systemClock),
    rejected,
    refusals: new Refusals(
      wheel,
      jsonLog(() => undefined, Date.now),
      rejected,
    ),
    localReplies: new LocalReplies(),
    policyCounts: new ServiceCounts(),
    buffered: new BufferBudget(),
    mirrors: new Mirrors(),
    requestIds: new RequestIds(`${pseudonym}-`),
    witness,
    pseudonym,
  };
  const exchanges = new ExchangeStore(exchangeDeps);
  const intentions = new IntentionsInForce();
  return {
    ...exchangeDeps,
    buffers,
    faults,
    services,
    contexts,
    connections,
    exchanges,
    intentions,
    http2: new Http2Counts(),
  };
}

/**
 * Two workers in this process, with an origin: `old` accepts, and gives to `next` what it has. The
 * name that a worker puts into Via tells which of them has answered.
 */
export class TwoWorkers {
  readonly origin: RawOrigin;
  readonly old: ClientDeps;
  readonly next: ClientDeps;
  readonly port: number;
  readonly #adoption: Adoption;
  /** What was given, in order. */
  readonly given: string[] = [];
  /** Sockets that are on their way now, and the most that ever were. */
  underWay = 0;
  underWayMax = 0;
  /** A socket stays on its way until this resolves. */
  arrival: () => Promise<unknown> = () => Promise.resolve();

  /** `wheel`: of the old worker. */
  static async start(wheel = new TimerWheel(systemClock)): Promise<TwoWorkers> {
    const origin = await RawOrigin.start();
    const old = serveParts(origin.address, "old", wheel);
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
      openClient({ taken: socket, peer: PEER, listener: LISTENER, protocol: undefined }, old),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.close();
      origin[Symbol.dispose]();
    });
    return new TwoWorkers(origin, old, (server.address() as AddressInfo).port);
  }

  private constructor(origin: RawOrigin, old: ClientDeps, port: number) {
    this.origin = origin;
    this.old = old;
    this.port = port;
    this.next = serveParts(origin.address, "next");
    this.#adoption = new Adoption(this.next);
  }

  /** A client of the old worker. */
  async open(): Promise<RawSocket> {
    const client = await RawSocket.open({ port: this.port });
    onTestFinished(() => client.close());
    return client;
  }

  /** Resolves when the old worker has nothing any more. */
  handOver(): Promise<void> {
    const handOver: HandOver = new HandOver(
      this.old.connections,
      (about, handle) => {
        this.given.push(about.kind);
        this.underWay += 1;
        this.underWayMax = Math.max(this.underWayMax, this.underWay);
        void this.arrival().then(() => {
          this.underWay -= 1;
          // As between processes: nothing but plain data and the socket gets across.
          this.#adoption.adopt(structuredClone(about), handle);
          handOver.taken();
        });
      },
      "old",
    );
    return handOver.run();
  }
}
