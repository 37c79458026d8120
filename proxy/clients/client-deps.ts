import type { ExchangeDeps } from "../exchange/deps.ts";
import type { LocalFaults } from "../base/local-faults.ts";
import type { Http2Counts } from "../http2/counts.ts";
import type { ReadBuffers } from "../transport/read-buffers.ts";
import type { TlsContexts } from "../transport/tls-contexts.ts";
import type { LiveServices } from "../upstream/live-services.ts";
import type { ClientConnections } from "./client-connections.ts";
import type { ExchangeStore } from "./exchange-store.ts";
import type { IntentionsInForce } from "./judged-client.ts";

/** What all client connections of a worker share. Made once, in worker.ts. */
export type ClientDeps = ExchangeDeps & {
  readonly buffers: ReadBuffers;
  readonly faults: LocalFaults;
  readonly services: LiveServices;
  readonly contexts: TlsContexts;
  readonly connections: ClientConnections;
  readonly exchanges: ExchangeStore;
  readonly intentions: IntentionsInForce;
  /** What all connections of HTTP/2 from clients have seen. */
  readonly http2: Http2Counts;
};
