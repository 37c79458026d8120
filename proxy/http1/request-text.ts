import { normalisePath } from "../table/normalise-path.ts";
import type { RequestView } from "../table/request-view.ts";
import { FieldLines } from "./field-lines.ts";
import type { HttpVersion } from "./http-version.ts";
import type { Refusal } from "./refusal.ts";
import { RequestHost } from "./request-host.ts";
import { requestIdOf } from "./request-id.ts";
import { RequestLine } from "./request-line.ts";

/** What the head of a request says, once it has been read: texts, made when they are asked for. */
export abstract class RequestText implements RequestView {
  /** The request line and the field lines, for the rewriter. */
  readonly line = new RequestLine();
  readonly fields = new FieldLines();

  readonly #at = new RequestHost();
  #path: string | undefined;

  /** As sent: a token, maybe one that we do not know. */
  get method(): string {
    return this.line.method.name;
  }

  get version(): HttpVersion {
    return this.line.version;
  }

  get isHead(): boolean {
    return this.line.method.name === "HEAD";
  }

  /** `OPTIONS *`: it asks about us, not about a resource. */
  get asteriskForm(): boolean {
    return this.line.target.asteriskForm;
  }

  /**
   * Whom the request is for, as sent, without port; an absolute target's authority beats Host.
   * "": HTTP/1.0 without Host.
   */
  get host(): string {
    return this.fields.text.slice(this.#at.start, this.#at.end);
  }

  /** Like `host`, with its port if it was sent with one. */
  get authority(): string {
    const { start, end, authorityEnd } = this.#at;
    return authorityEnd === end ? this.host : this.fields.text.slice(start, authorityEnd);
  }

  /** The target, as sent. */
  get target(): string {
    return this.fields.text.slice(this.line.target.start, this.line.target.end);
  }

  get path(): string {
    this.#path ??= normalisePath(this.rawPath);
    return this.#path;
  }

  get rawPath(): string {
    return this.fields.text.slice(this.line.target.pathStart, this.line.target.pathEnd);
  }

  get queryString(): string {
    return this.fields.text.slice(this.line.target.pathEnd + 1, this.line.target.end);
  }

  header(name: string): string | undefined {
    return this.fields.valueOf(name, name === "cookie" ? "; " : ", ");
  }

  /** The X-Request-Id that the request came with. undefined: none, several, or not fit for logs. */
  get requestId(): string | undefined {
    return requestIdOf(this.fields);
  }

  /** Nothing is left of it. */
  protected forget(): void {
    this.fields.forget();
    this.line.begin();
    this.#path = undefined;
  }

  /** Finds out whom it is for. Returns the rule that is broken. */
  protected readHost(bytes: Buffer, start: number): Refusal | undefined {
    return this.#at.read(this.line, this.fields, bytes, start);
  }
}
