import { editedHead, headEdit } from "../table/head-edit.ts";
import type { FieldLines } from "./field-lines.ts";
import { ForwardedFields } from "./forwarded-fields.ts";
import type { RequestHead } from "./request-head.ts";
import {
  addedToRequest,
  droppedFromRequest,
  isChunkedByUs,
  requestHeadForUpstream,
  targetForUpstream,
} from "./rewrite-request.ts";
import type { RequestRewrite } from "./rewrite-request.ts";

/** What a length takes the place of. */
const FRAMING = ["transfer-encoding", "content-length", "trailer"];

/**
 * The head of a request as it goes upstream: the one that came, without what ends here, and with
 * our own fields. Every protocol encodes it in its own way, again for each attempt. One object for
 * each exchange, reused.
 */
export class OutgoingRequest {
  /** What we add. */
  readonly rewrite: RequestRewrite;
  readonly #head: RequestHead;
  /** The whole head, once a route or a filter has changed it. */
  #edited: string | undefined;
  /** What a route has made of them. undefined: they are those of the head. */
  #target: string | undefined;
  #authority: string | undefined;
  /** Its length is known now, which the head did not say. */
  isMeasured = false;

  /** `head`: stands in it whenever this is asked. `pseudonym`: our name in CDN-Loop and Via. */
  constructor(head: RequestHead, pseudonym: string) {
    this.#head = head;
    this.rewrite = {
      clientAddress: "",
      trusted: false,
      proto: "http",
      pseudonym,
      namedInVia: false,
      requestId: "",
      hostIfAbsent: "",
      clientCert: "",
      forwarded: new ForwardedFields(),
      timeoutLeft: undefined,
      traceLines: "",
    };
  }

  /** Before a new head, and behind the last one: nobody has changed it. */
  clear(): void {
    this.rewrite.requestId = "";
    this.rewrite.timeoutLeft = undefined;
    this.rewrite.traceLines = "";
    this.#edited = undefined;
    this.#target = undefined;
    this.#authority = undefined;
    this.isMeasured = false;
  }

  /** As HTTP/1.1 text with its final CRLF. */
  text(): string {
    return this.#edited ?? requestHeadForUpstream(this.#head, this.rewrite);
  }

  /** A route or a filter has made this of the text. */
  edit(text: string): void {
    this.#edited = text;
  }

  /** It is sent in another span: of the traceparents `before` becomes `parent`. */
  retrace(before: string, parent: string): void {
    this.rewrite.traceLines = this.rewrite.traceLines.replace(before, parent);
    this.#edited = this.#edited?.replace(before, parent);
  }

  /** It goes elsewhere; its text says so already. */
  retarget(target: string, authority: string): void {
    this.#target = target;
    this.#authority = authority;
  }

  /** Its body goes with this length in bytes, and not in chunks. */
  measure(bodyBytes: number): void {
    const added = [["Content-Length", String(bodyBytes)]] as const;
    this.#edited = editedHead(this.text(), headEdit({ removed: FRAMING, added }));
    this.isMeasured = true;
  }

  /** As sent: a token, GET for a WebSocket. */
  get method(): string {
    return this.#head.method;
  }

  /** Origin-form, or `*`. */
  get target(): string {
    return this.#target ?? targetForUpstream(this.#head);
  }

  /** Whom it is for, with its port if it came with one. */
  get authority(): string {
    if (this.#authority !== undefined) return this.#authority;
    const { authority } = this.#head;
    return authority === "" ? this.rewrite.hostIfAbsent : authority;
  }

  /** The protocol that it asks for, as in Upgrade. "": none. */
  get protocol(): string {
    return this.#head.upgrade ?? "";
  }

  /** Whether trailers may come back. */
  get takesTrailers(): boolean {
    return this.#head.takesTrailers;
  }

  /** The fields that it came with. Those of the kinds in `dropped` do not go upstream. */
  get fields(): FieldLines {
    return this.#head.fields;
  }

  /** A fieldSet. */
  get dropped(): number {
    return droppedFromRequest(this.#head, this.rewrite, this.#head.requestId);
  }

  /** Our own field lines, but for those about one connection. */
  get added(): string {
    return addedToRequest(this.#head, this.rewrite, this.#head.requestId);
  }

  /**
   * All field lines, in place of `fields` and `added`, once somebody has changed something. They
   * include Host and those about an HTTP/1.1 connection.
   */
  get edited(): string | undefined {
    const text = this.#edited;
    return text?.slice(text.indexOf("\r\n") + 2, -2);
  }

  /** In HTTP/1.1 we make chunks of its body. */
  get isChunked(): boolean {
    return !this.isMeasured && isChunkedByUs(this.#head);
  }
}
