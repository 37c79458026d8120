import { describe, expect, test } from "vitest";
import { LocalFaults } from "../../../proxy/base/local-faults.ts";
import { Http2Counts } from "../../../proxy/http2/counts.ts";
import { PREFACE } from "../../../proxy/http2/frames.ts";
import type { TransportHandler, WireTransport } from "../../../proxy/transport/transport.ts";
import type { ConnectFailure } from "../../../proxy/upstream/connect-failure.ts";
import { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import { Http2Link } from "../../../proxy/upstream/http2-link.ts";
import type { LinkOwner } from "../../../proxy/upstream/http2-link.ts";
import type { EndpointSnapshot } from "../../../proxy/table/snapshot.ts";
import { goAway, inWords, ping, settings } from "../http2/raw-frames.ts";
import { FakeTransport } from "../transport/fake-transport.ts";
import { endpointSnapshot, poolDeps } from "./pool-fixture.ts";

/*
 * Goal: from the dial to the last byte a link is HTTP/2 or nothing, and says why it never stood.
 * Method: a connection without a socket, which does what a test says.
 */

/** A connection that many messages can share. */
class FakeWire extends FakeTransport implements WireTransport {
  readonly writer = {
    writeParts: (parts: readonly (Buffer | string)[]): void => this.write(parts.join("")),
  };
}

const ignore = (): void => undefined;

/** What an endpoint is reached by, and what it has chosen. */
type Wish = {
  readonly scheme?: "http" | "https";
  readonly mayChoose?: boolean;
  readonly agreed?: string;
  readonly snapshot?: Partial<EndpointSnapshot>;
};

/** A link of which its owner writes down what it hears. */
class LinkBed implements LinkOwner {
  readonly counts = new Http2Counts();
  readonly heard: string[] = [];
  readonly wire = new FakeWire();
  readonly faults: string[] = [];
  readonly link: Http2Link;
  readonly onStream = ignore as () => undefined;
  readonly onRoom = ignore;
  readonly onIdle = ignore;
  readonly onPong = (): void => void this.heard.push("pong");

  constructor({ scheme = "http", mayChoose = false, agreed, snapshot }: Wish = {}) {
    const endpoint = new Endpoint(endpointSnapshot("127.0.0.1:1", snapshot), 0);
    endpoint.agreed = agreed;
    const { buffers, wheel } = poolDeps();
    const log = { info: ignore, error: ignore, warn: (event: string) => this.faults.push(event) };
    const dial = (_: Endpoint, handler: TransportHandler): WireTransport => {
      this.wire.handler = handler;
      return this.wire;
    };
    const tls = { scheme, mayChoose, dial };
    const faults = new LocalFaults(wheel, log);
    const deps = { endpoint, buffers, wheel, faults, tls };
    this.link = new Http2Link(deps, this);
  }

  onSettings(): void {
    this.heard.push("settings");
    this.link.stands = true;
  }

  onGoAway(lastStream: number): void {
    this.heard.push(`goAway ${lastStream}`);
  }

  onRejected(reason: string): void {
    this.heard.push(reason);
  }

  onFailed(): void {
    this.heard.push("failed");
    this.link.onBroken();
  }

  onDeclined(transport: WireTransport): void {
    this.heard.push(transport === this.wire ? "declined" : "declined by another");
  }

  onLinkClosed(failure: ConnectFailure | undefined): void {
    this.heard.push(`closed ${failure ?? "in order"}`);
  }

  /** The connection of the system stands. */
  connect(): this {
    this.wire.handler.onConnect();
    return this;
  }

  /** And the endpoint's SETTINGS have come. */
  stand(): this {
    this.connect().wire.receive(settings());
    return this;
  }

  /** It is gone. What it is told then. */
  close(error?: Error): string | undefined {
    this.wire.closed = true;
    this.wire.handler.onClose(error);
    return this.heard.at(-1);
  }

  /** The frames that were written behind the preface, in words. */
  get written(): readonly string[] {
    this.link.http2?.flush();
    return inWords(Buffer.from(this.wire.text.slice(PREFACE.length), "latin1"));
  }
}

function failed(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe("An Http2Link", () => {
  test("says the preface and its settings first, and stands with those of the endpoint", () => {
    const bed = new LinkBed();
    expect([bed.link.http2, bed.wire.text]).toEqual([undefined, ""]);
    bed.connect();
    expect(bed.written.map((words) => words.split(" ")[0])).toEqual(["settings", "windowUpdate"]);
    expect(bed.wire.text.startsWith(PREFACE)).toBe(true);
    bed.wire.receive(settings());
    expect([bed.heard, bed.link.http2?.peer.known]).toEqual([["settings"], true]);
    expect(bed.written.at(-1)).toBe("settings ack");
    expect(bed.close()).toBe("closed in order");
  });

  test("has only what its connection brings and takes", () => {
    const bed = new LinkBed().stand();
    bed.wire.receive(ping("12345678", 1));
    bed.wire.handler.onFlushed();
    bed.link.http2?.ping();
    bed.wire.receive(ping("12345678"));
    expect(bed.written.filter((words) => words.startsWith("ping"))).toEqual(["ping", "ping ack"]);
  });

  test("is gone with its connection, and as soon as its endpoint takes nothing new", () => {
    const bed = new LinkBed().stand();
    expect(bed.link.gone).toBe(false);
    bed.wire.receive(goAway(0));
    expect([bed.link.gone, bed.heard]).toEqual([true, ["settings", "goAway 0"]]);
    const other = new LinkBed().stand();
    other.wire.closed = true;
    expect(other.link.gone).toBe(true);
  });

  test.each([
    ["refused", failed("ECONNREFUSED")],
    ["unreachable", failed("EHOSTUNREACH")],
    ["timeout", failed("ETIMEDOUT")],
    ["unreachable", undefined],
  ] as const)("that never stood says %s", (failure, error) => {
    expect(new LinkBed().close(error)).toBe(`closed ${failure}`);
  });

  test("that its owner found too late is so, whatever the error", () => {
    const bed = new LinkBed().connect();
    bed.link.isLate = true;
    bed.link.destroy();
    expect([bed.wire.done, bed.close(failed("ECONNRESET"))]).toEqual([
      ["destroy"],
      "closed timeout",
    ]);
  });

  test("tells a fault of ours from one of the endpoint's", () => {
    const bed = new LinkBed();
    expect([bed.close(failed("EMFILE")), bed.faults.length]).toEqual(["closed local", 1]);
    const full = new LinkBed();
    expect(full.close(failed("EAGAIN"))).toBe("closed queueFull");
  });

  test("finds no HTTP/2 where something else answers, or an end", () => {
    const other = new LinkBed().connect();
    other.wire.receive("HTTP/1.1 400 Bad Request\r\n\r\n");
    expect(other.wire.done.at(-1)).toBe("destroy");
    expect(other.close()).toBe("closed noHttp2");
    expect(other.heard.slice(1)).toEqual(["failed", "closed noHttp2"]);
    const ended = new LinkBed().connect();
    ended.wire.handler.onEnd();
    expect([ended.wire.done.at(-1), ended.close()]).toEqual(["destroy", "closed noHttp2"]);
  });

  test("that stood and breaks a rule, or ends, was one all the same", () => {
    const bed = new LinkBed().stand();
    bed.wire.receive(ping("short"));
    expect(bed.heard).toEqual(["settings", "h2-frame-size", "failed"]);
    expect(bed.close()).toBe("closed in order");
    const ended = new LinkBed().stand();
    ended.wire.handler.onEnd();
    expect([ended.wire.done.at(-1), ended.close()]).toEqual(["destroy", "closed in order"]);
  });
});

describe("Over TLS an Http2Link", () => {
  const https = { scheme: "https" } as const;
  const mesh = { san: "spiffe://mesh/web" };

  test("gives its connection to its owner, if the endpoint may choose and chose HTTP/1.1", () => {
    for (const agreed of ["http/1.1", undefined]) {
      const bed = new LinkBed({ ...https, mayChoose: true, ...(agreed && { agreed }) }).connect();
      expect([bed.heard, bed.wire.text, bed.wire.done]).toEqual([["declined"], "", []]);
    }
  });

  test("is none, if the endpoint may not choose and does not speak HTTP/2", () => {
    const bed = new LinkBed({ ...https, agreed: "http/1.1" }).connect();
    expect([bed.heard, bed.wire.text, bed.wire.done]).toEqual([[], "", ["destroy"]]);
    expect(bed.close()).toBe("closed noHttp2");
  });

  test.each([
    ["has chosen it", { agreed: "h2", mayChoose: true }],
    ["is one of the mesh, where nobody needs to say so", { snapshot: mesh }],
  ] as const)("stands with an endpoint that %s", (_, wish) => {
    expect(new LinkBed({ ...https, ...wish }).stand().heard).toEqual(["settings"]);
  });
});
