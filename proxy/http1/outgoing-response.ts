import type { FieldLines } from "./field-lines.ts";
import { ResponseHead } from "./response-head.ts";
import {
  NO_VIA,
  addedToResponse,
  droppedFromResponse,
  responseHeadForClient,
} from "./rewrite-response.ts";
import type { ResponseRewrite, ViaLines } from "./rewrite-response.ts";

/** Stands where no head is. */
const NO_RESPONSE = new ResponseHead();

/**
 * The head of a final response, or of a 101, as it goes to the client: the one that came, without
 * what ends here, and with our own fields. Every protocol encodes it in its own way. One object for
 * each exchange, reused.
 */
export class OutgoingResponse implements ResponseRewrite {
  via: ViaLines = NO_VIA;
  date = "";
  connection: ResponseRewrite["connection"] = "";
  framing: ResponseRewrite["framing"] = "as-sent";
  extra = "";
  #head = NO_RESPONSE;
  /** The whole head, once a filter has changed it. */
  #edited: string | undefined;

  /** Stands for this head from now on, which stays as it is meanwhile. */
  begin(head: ResponseHead): void {
    this.#head = head;
    this.#edited = undefined;
  }

  /** Forgets the head and what was made of it. */
  clear(): void {
    this.extra = "";
    this.begin(NO_RESPONSE);
  }

  /** As HTTP/1.1 text with its final CRLF. */
  text(): string {
    return this.#edited ?? responseHeadForClient(this.#head, this);
  }

  /** A filter has made this of the text. */
  edit(text: string): void {
    this.#edited = text;
  }

  /** 101, or 200 to 599. */
  get status(): number {
    return this.#head.status;
  }

  /** The fields that it came with. Those of the kinds in `dropped` do not go to the client. */
  get fields(): FieldLines {
    return this.#head.fields;
  }

  /** A fieldSet. */
  get dropped(): number {
    return droppedFromResponse(this.#head, this);
  }

  /** Our own field lines, but for those about one connection. */
  get added(): string {
    return addedToResponse(this.#head, this);
  }

  /**
   * All field lines, in place of `fields` and `added`, once a filter has changed something. They
   * include those about an HTTP/1.1 connection.
   */
  get edited(): string | undefined {
    const text = this.#edited;
    return text?.slice(text.indexOf("\r\n") + 2, -2);
  }
}
