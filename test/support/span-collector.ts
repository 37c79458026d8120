import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";

type KeyValue = { readonly key: string; readonly value: Readonly<Record<string, string>> };

/** A span of OTLP, with its attributes by name; numbers are texts there. */
export type ReadSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code: number };
  readonly attributes: Readonly<Record<string, string | undefined>>;
};

/** As it comes. */
export type OtlpSpan = Omit<ReadSpan, "attributes"> & { readonly attributes: readonly KeyValue[] };

type Body = {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly OtlpSpan[];
    }[];
  }[];
};

/** What takes spans by OTLP/HTTP in JSON, and keeps them. */
export class SpanCollector implements Disposable {
  readonly spans: ReadSpan[] = [];
  /** Of the last request. */
  resource: Readonly<Record<string, string | undefined>> = {};
  /** `METHOD PATH TYPE` of each request. */
  readonly asked: string[] = [];
  /** What it answers with; a text that begins with `{` is the body. */
  status = 200;
  text = "{}";
  readonly #server: Server;

  static async start(): Promise<SpanCollector> {
    const collector = new SpanCollector();
    collector.#server.listen(0, "127.0.0.1");
    await once(collector.#server, "listening");
    return collector;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      this.asked.push(`${request.method} ${request.url} ${request.headers["content-type"]}`);
      void this.#take(request).then(() => {
        response.writeHead(this.status, { "content-type": "application/json" });
        response.end(this.text);
      });
    });
  }

  /** As `tracing.endpoint`. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  [Symbol.dispose](): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #take(request: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (this.status !== 200) return;
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Body;
    for (const { resource, scopeSpans } of body.resourceSpans) {
      this.resource = byKey(resource.attributes);
      this.spans.push(...scopeSpans.flatMap(({ spans }) => spans.map(readSpan)));
    }
  }
}

/** A span of a body of OTLP, or of a part of one. */
export function readSpan(span: OtlpSpan): ReadSpan {
  return { ...span, attributes: byKey(span.attributes) };
}

function byKey(list: readonly KeyValue[]): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]]));
}
