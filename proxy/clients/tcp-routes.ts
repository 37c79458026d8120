import { HostIndex } from "../table/host-index.ts";
import type { ListenerSnapshot } from "../table/snapshot.ts";
import type { LiveService } from "../upstream/live-service.ts";

/** To which services the TCP connections of one listener go. */
export class TcpRoutes {
  /**
   * Clients' first bytes must be read, because they ask for a name in a TLS that is not ended here.
   */
  readonly readsHello: boolean;
  /** Takes what nothing else does. undefined: nobody. */
  readonly otherwise: string | undefined;
  /** undefined: nobody looks at names. */
  readonly #names: HostIndex | undefined;

  constructor({ service, tcp, tls }: ListenerSnapshot) {
    const { sni } = tcp ?? {};
    this.otherwise = service;
    this.readsHello = sni !== undefined && tls === undefined;
    if (sni === undefined) return;
    this.#names = new HostIndex(
      Object.entries(sni).map(([host, name]) => ({ name, hosts: [host] })),
    );
  }

  /** Whether somebody may ask for both ends of a connection, which cost two calls of the system. */
  wantsEnds(services: { byName(name: string): LiveService | undefined }): boolean {
    // By name it can be any of many.
    if (this.#names !== undefined || this.otherwise === undefined) return true;
    return services.byName(this.otherwise)?.table.snapshot.tcp?.proxyProtocol !== undefined;
  }

  /** The service of a client that asks for this name; "": for none. undefined: nobody takes it. */
  serviceFor(serverName: string): string | undefined {
    return (serverName === "" ? undefined : this.#names?.find(serverName)) ?? this.otherwise;
  }
}
