import { nodeCrypto } from "../base/node-tls.ts";
import type { DecodedFields, DecodedResponse } from "../http1/decoded-head.ts";
import { Field } from "../http1/field-names.ts";
import { SILENT_HANDLER } from "../transport/silent-handler.ts";
import type { ByteSource, Transport, TransportHandler } from "../transport/transport.ts";
import type { Endpoint } from "./endpoint.ts";
import type { MessageUser, UpstreamUser } from "./upstream-connection.ts";

/** What a server proves with that it knows WebSocket (RFC 6455 section 1.3). */
const WEB_SOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The stream that a tunnel goes through. */
export interface TunnelledStream {
  readonly endpoint: Endpoint;
  readonly blocked: boolean;
  readonly gone: boolean;
  user: MessageUser | undefined;
  send(head: string, body: string): void;
  relay(source: ByteSource, head: string, bytes: Buffer, start: number, end: number): void;
  pause(): void;
  resume(): void;
  keep(bytes: Buffer, start: number, end: number): Buffer;
  /** See UpstreamStream.close(). */
  close(isInOrder: boolean): void;
}

/**
 * The success of an extended CONNECT (RFC 8441 section 5) as the 101 that a handshake of HTTP/1.1
 * is answered with. `key`: of that handshake; "": the client speaks HTTP/2 itself, and has none.
 */
export function switched(
  { list }: DecodedResponse,
  protocol: string,
  key: string,
): DecodedResponse {
  const own = [
    field("connection", "upgrade", Field.connection),
    field("upgrade", protocol, Field.upgrade),
    ...(key === "" ? [] : [field("sec-websocket-accept", acceptOf(key), Field.other)]),
  ];
  const kept = list.fields
    .slice(0, list.count)
    .filter(({ name, kind }) => kind !== Field.contentLength && name !== "sec-websocket-accept");
  const fields = [...kept, ...own];
  return { status: 101, contentLength: -1, list: { fields, count: fields.length } };
}

function field(name: string, value: string, kind: number) {
  return { name, value, kind, line: `${name}: ${value}\r\n` };
}

function acceptOf(key: string): string {
  return nodeCrypto()
    .createHash("sha1")
    .update(key + WEB_SOCKET_GUID)
    .digest("base64");
}

/**
 * A stream as the endpoint's end of a tunnel (RFC 8441): DATA is the tunnel's bytes, END_STREAM its
 * end. It shares its connection, so it never leaves this process.
 */
export class StreamTunnel implements Transport, MessageUser {
  /** A tunnel hears by the calls of an upstream, and not by those of a transport. */
  handler: TransportHandler = SILENT_HANDLER;
  ended = false;
  readonly endIsProven = true;
  readonly lost = false;
  readonly staysHere = true;
  readonly detachable = false;
  readonly #stream: TunnelledStream;
  readonly #out: { end(): void };
  #user: UpstreamUser | undefined;
  #hasEnded = false;
  #isClosed = false;

  /** `out`: where the end of what is sent goes. */
  constructor(stream: TunnelledStream, out: { end(): void }) {
    this.#stream = stream;
    this.#out = out;
  }

  get endpoint(): Endpoint {
    return this.#stream.endpoint;
  }

  get transport(): this {
    return this;
  }

  get user(): UpstreamUser | undefined {
    return this.#user;
  }

  set user(user: UpstreamUser | undefined) {
    this.#user = user;
  }

  /** The tunnel hears of what comes from now on. */
  becomeTunnel(tunnel: UpstreamUser): void {
    this.#user = tunnel;
    this.#stream.user = this;
  }

  giveAway(): undefined {
    return undefined;
  }

  get blocked(): boolean {
    return !this.#isClosed && this.#stream.blocked;
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  get whole(): boolean {
    return !this.#isClosed && !this.ended && !this.#hasEnded;
  }

  write(text: string): void {
    if (this.#isOpen) this.#stream.send("", text);
  }

  flush(): void {
    // It goes out at the end of the turn, with that of other streams.
  }

  relay(source: ByteSource, head: string, bytes: Buffer, start: number, end: number): void {
    if (!this.#isOpen) return;
    if (head !== "") this.#stream.send("", head);
    this.#stream.relay(source, "", bytes, start, end);
  }

  pause(): void {
    if (!this.#isClosed) this.#stream.pause();
  }

  resume(): void {
    if (!this.#isClosed) this.#stream.resume();
  }

  keep(bytes: Buffer, start: number, end: number): Buffer {
    return this.#stream.keep(bytes, start, end);
  }

  releaseBuffer(): void {
    // It has none of its own.
  }

  end(): void {
    if (!this.#isOpen) return;
    this.#hasEnded = true;
    this.#out.end();
    if (this.ended) this.#close(true);
  }

  destroy(): void {
    this.#close(false);
  }

  reset(): void {
    this.#close(false);
  }

  keepAlive(): void {
    // Its connection sees to that.
  }

  detach(): undefined {
    return undefined;
  }

  onUpstreamBody(bytes: Buffer, start: number, end: number): void {
    this.#user?.onUpstreamData(bytes.subarray(start, end), end - start);
  }

  onUpstreamFinish(_trailers: DecodedFields | undefined): void {
    this.ended = true;
    this.#user?.onUpstreamEnd();
    if (this.#hasEnded) this.#close(true);
  }

  onUpstreamFlushed(): void {
    this.#user?.onUpstreamFlushed();
  }

  onUpstreamClosed(error: Error | undefined): void {
    this.#told(error);
  }

  onUpstreamFailed(): void {
    this.#told(new Error("Cannot go on with a tunnel: its stream was refused"));
  }

  onUpstreamHead(): void {
    // There is one head, and the tunnel came behind it.
  }

  onUpstreamReady(): void {
    // As above.
  }

  onUpstreamData(): void {
    // Streams tell of bodies.
  }

  onUpstreamEnd(): void {
    // As above.
  }

  /** It may be written to. */
  get #isOpen(): boolean {
    return !this.#hasEnded && !this.#isClosed;
  }

  #close(isInOrder: boolean): void {
    if (this.#isClosed) return;
    this.#stream.close(isInOrder);
    // As of every transport, the end is told when the call that brought it has returned.
    queueMicrotask(() => this.#told(undefined));
    this.#isClosed = true;
  }

  #told(error: Error | undefined): void {
    const user = this.#user;
    this.#isClosed = true;
    this.#user = undefined;
    user?.onUpstreamClosed(error);
  }
}
