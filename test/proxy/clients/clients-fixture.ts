import type { Socket } from "node:net";
import { onTestFinished } from "vitest";
import { ClientConnection } from "../../../proxy/clients/client-connection.ts";
import type { ClientDeps } from "../../../proxy/clients/client-deps.ts";
import { ExchangeStore } from "../../../proxy/clients/exchange-store.ts";
import type { Exchange } from "../../../proxy/exchange/exchange.ts";
import type { ExchangeClient } from "../../../proxy/exchange/ports.ts";
import { eventually } from "../../support/eventually.ts";
import { manualWheel } from "../../support/manual-wheel.ts";
import type { ManualWheel } from "../../support/manual-wheel.ts";
import { RawOrigin } from "../../support/origin.ts";
import { RawSocket } from "../../support/raw-socket.ts";
import { serveParts } from "../hand-over/hand-over-fixture.ts";
import { listen } from "../transport/transport-fixture.ts";

/** Whoever connects to these tests. */
export const PEER = { address: "192.0.2.1", trusted: false };

const OTHER_TURNS = 50;

/** A store that knows how many exchanges are on loan, and how many ever were. */
class CountingStore extends ExchangeStore {
  onLoan = 0;
  lent = 0;

  override lend(client: ExchangeClient): Exchange {
    this.onLoan += 1;
    this.lent += 1;
    return super.lend(client);
  }

  override giveBack(exchange: Exchange): void {
    this.onLoan -= 1;
    super.giveBack(exchange);
  }
}

/** One worker's side of its clients: real sockets, an origin, and time that the test turns. */
export class ClientsBed {
  readonly origin: RawOrigin;
  readonly time: ManualWheel = manualWheel();
  readonly exchanges: CountingStore;
  readonly deps: ClientDeps;
  readonly #port: number;
  readonly #accepted: Socket[];

  /**
   * `settings`: of the service `web`, as in the configuration. `whose`: its origin, if not one in
   * clear.
   */
  static async start(settings: object = {}, whose?: RawOrigin): Promise<ClientsBed> {
    const origin = whose ?? (await RawOrigin.start());
    onTestFinished(() => origin[Symbol.dispose]());
    const accepted: Socket[] = [];
    const port = await listen((socket) => accepted.push(socket), true);
    return new ClientsBed(origin, port, accepted, settings);
  }

  private constructor(origin: RawOrigin, port: number, accepted: Socket[], settings: object) {
    this.origin = origin;
    this.#port = port;
    this.#accepted = accepted;
    const parts = serveParts(origin.address, "sluice-test", this.time.wheel, settings);
    this.exchanges = new CountingStore(parts);
    this.deps = { ...parts, exchanges: this.exchanges };
  }

  /** A client, and the socket that was accepted from it, which nobody reads yet. */
  async accept(): Promise<{ readonly client: RawSocket; readonly accepted: Socket }> {
    const client = await RawSocket.open({ port: this.#port });
    onTestFinished(() => client.close());
    return { client, accepted: await eventually(() => this.#takeAccepted()) };
  }

  /** A client with its connection, counted as a listener does it. */
  async open(service?: string): Promise<{
    readonly client: RawSocket;
    readonly connection: ClientConnection;
  }> {
    const { client, accepted } = await this.accept();
    const connection = new ClientConnection(accepted, PEER, service, this.deps);
    this.deps.connections.add(connection);
    return { client, connection };
  }

  /** Somebody else is served in many turns of the event loop: whatever can go on has gone on. */
  async serveOthers(): Promise<void> {
    const { client } = await this.open();
    for (let turns = 0; turns < OTHER_TURNS; turns += 1) {
      await client.send("GET / HTTP/1.1\r\nHost: nobody\r\n\r\n").response();
    }
    client.close();
  }

  #takeAccepted(): Socket {
    const accepted = this.#accepted.shift();
    if (accepted === undefined) throw new Error("Nothing was accepted");
    return accepted;
  }
}
