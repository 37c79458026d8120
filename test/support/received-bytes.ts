/** A response, as it was received. */
export type RawResponse = {
  readonly statusLine: string;
  readonly status: number;
  /** Names, in lower case, and values, in the order received. */
  readonly fields: readonly (readonly [string, string])[];
  /** The body without its framing, as latin1 text. */
  readonly body: string;
  /** The values of a field, joined with ", "; undefined: it is not there. */
  readonly field: (name: string) => string | undefined;
};

/**
 * Takes responses from a stream of bytes. It is the tests' own reader and shares no code with the
 * product. It is not strict, since tests look at what is there.
 */
export class ReceivedBytes {
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Fewer bytes make no whole message, so large ones are not looked at over and over. */
  #wanted = 0;
  #text: string | undefined = "";

  add(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    this.#text = undefined;
  }

  /** What has not been taken yet. */
  get text(): string {
    this.#text ??= Buffer.concat(this.#pieces).toString("latin1");
    return this.#text;
  }

  /** Takes the next whole response. undefined: it is not complete yet. */
  take(requestMethod: string, hasEnded: boolean): RawResponse | undefined {
    if (this.#bytes < this.#wanted) return undefined;
    const headEnd = this.text.indexOf("\r\n\r\n");
    if (headEnd === -1) return undefined;
    const [statusLine = "", ...lines] = this.text.slice(0, headEnd).split("\r\n");
    const fields = lines.map(splitField);
    const status = Number(statusLine.split(" ")[1]);
    const rest = this.text.slice(headEnd + 4);
    const body = bodyOf(rest, { fields, status, requestMethod, hasEnded });
    if (body === undefined) {
      this.#wanted = headEnd + 4 + Number(fieldOf(fields, "content-length") ?? 0);
      return undefined;
    }
    this.#keep(rest.slice(body.bytes));
    const field = (name: string): string | undefined => fieldOf(fields, name);
    return { statusLine, status, fields, body: body.text, field };
  }

  #keep(text: string): void {
    this.#pieces = [Buffer.from(text, "latin1")];
    this.#bytes = text.length;
    this.#wanted = 0;
    this.#text = text;
  }
}

type Head = {
  readonly fields: RawResponse["fields"];
  readonly status: number;
  readonly requestMethod: string;
  readonly hasEnded: boolean;
};

type Body = { readonly text: string; readonly bytes: number };

/** The value of a field; several lines are joined with ", ". */
export function fieldOf(fields: RawResponse["fields"], name: string): string | undefined {
  const values = fields.filter(([each]) => each === name.toLowerCase()).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(", ");
}

/** Splits a field line into its name in lower case and its value. */
export function splitField(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function bodyOf(rest: string, head: Head): Body | undefined {
  const { status, requestMethod, fields } = head;
  if (status < 200 || status === 204 || status === 304 || requestMethod === "HEAD") {
    return { text: "", bytes: 0 };
  }
  if (fieldOf(fields, "transfer-encoding") !== undefined) return dechunk(rest);
  const length = fieldOf(fields, "content-length");
  if (length === undefined) {
    return head.hasEnded ? { text: rest, bytes: rest.length } : undefined;
  }
  const bytes = Number(length);
  return rest.length < bytes ? undefined : { text: rest.slice(0, bytes), bytes };
}

/** Reads a chunked body and its trailers. undefined: it is incomplete. */
export function dechunk(rest: string): Body | undefined {
  let text = "";
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf("\r\n", at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(rest.slice(at, lineEnd), 16);
    if (size === 0) {
      const end = rest.startsWith("\r\n", lineEnd + 2)
        ? lineEnd
        : rest.indexOf("\r\n\r\n", lineEnd);
      const isWhole = end !== -1 && rest.length >= end + 4;
      return isWhole ? { text, bytes: end + 4 } : undefined;
    }
    at = lineEnd + 2 + size + 2;
    if (Number.isNaN(size) || at > rest.length) return undefined;
    text += rest.slice(lineEnd + 2, lineEnd + 2 + size);
  }
}
