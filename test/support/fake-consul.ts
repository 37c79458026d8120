import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { ListenOptions } from "node:net";
import { promisify } from "node:util";

/** A key as Consul holds it. */
export type FakeKey = {
  readonly value: string;
  readonly modifyIndex: number;
  readonly lockIndex: number;
  readonly session?: string | undefined;
};

/** What a fault does to every answer while it is set. */
type Fault =
  | { readonly kind: "answer"; readonly status: number; readonly text: string }
  /** The connection is accepted, and nothing is ever said. */
  | { readonly kind: "silence" }
  /** The request is carried out, and then the connection is cut. */
  | { readonly kind: "cut" }
  /** Somebody in between answers in Consul's place, and knows nothing of its headers. */
  | {
      readonly kind: "page";
      readonly status: number;
      readonly html: string;
      readonly location?: string;
    }
  /** An answer that begins, and then comes byte by byte, for ever. */
  | { readonly kind: "drip" };

type Answer = { readonly status?: number; readonly body?: unknown };

/**
 * As much of a Consul agent as our client uses, over a real socket, with all of its state open to a
 * test. A blocking query waits until anything changes.
 */
export class FakeConsul implements AsyncDisposable {
  readonly keys = new Map<string, FakeKey>();
  /** By id. */
  readonly sessions = new Map<string, unknown>();
  /** Registrations of this agent, by id. */
  readonly registered = new Map<string, Record<string, unknown>>();
  /** Answers of health/service, by the service. */
  readonly health = new Map<string, unknown>();
  /** Answers of query/NAME/execute, by the name. */
  readonly queries = new Map<string, unknown>();
  /** Whatever else is answered, by its path without `/v1/`. */
  readonly answers = new Map<string, unknown>();
  /** Config entries, by `KIND/NAME`. */
  readonly entries = new Map<string, Record<string, unknown>>();
  /** What was asked: `PUT kv/a?cas=0`. Of a wait it says only that there was one. */
  readonly asked: string[] = [];
  /** Headers and body of the last request. */
  last: { readonly headers: IncomingMessage["headers"]; readonly body: string } | undefined;
  /** What the token may not read, such as `service web`; health leaves it out. */
  readonly denied = new Set<string>();
  /** Whether an answer says that something was left out, as from 1.12 on. */
  saysFiltered = false;
  /** Stands before `/v1/`, as behind a gateway; all other paths are unknown. */
  prefix = "";
  leader = "127.0.0.1:8300";
  /** Whether blocking queries are answered as by an agent's streaming backend. */
  streams = false;
  fault: Fault | undefined;
  index = 1;
  /** Connections that there have been. */
  opened = 0;
  readonly #server: Server;
  #wake = Promise.withResolvers<void>();

  /** Default: a port of 127.0.0.1. */
  static async start(at: ListenOptions = { host: "127.0.0.1", port: 0 }): Promise<FakeConsul> {
    const consul = new FakeConsul();
    consul.#server.listen(at);
    await once(consul.#server, "listening");
    return consul;
  }

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on("connection", () => void (this.opened += 1));
  }

  get address(): string {
    const at = this.#server.address();
    if (at === null || typeof at === "string") return `unix://${at}`;
    return `http://${at.family === "IPv6" ? `[${at.address}]` : at.address}:${at.port}`;
  }

  /** How many connections are open. */
  connections(): Promise<number> {
    return promisify((tell: (error: Error | null, count: number) => void) =>
      this.#server.getConnections(tell),
    )();
  }

  /** Says that something has changed: blocking queries look again. */
  changed(): void {
    this.index += 1;
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /** Writes a key, as somebody else would. */
  set(key: string, value: string, session?: string): void {
    const lockIndex = session === undefined ? 0 : 1;
    this.keys.set(key, { value, modifyIndex: this.index + 1, lockIndex, session });
    this.changed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await once(this.#server.close(), "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "", "http://consul");
    const { method = "GET" } = request;
    let body = "";
    for await (const chunk of request) body += String(chunk);
    this.last = { headers: request.headers, body };
    const wait = url.searchParams.get("index");
    for (const name of ["index", "wait"]) url.searchParams.delete(name);
    const path = decodeURIComponent(url.pathname.replace(`${this.prefix}/v1/`, ""));
    this.asked.push(`${method} ${path}${url.search}${wait === null ? "" : " waits"}`);
    if (this.fault?.kind === "silence") return;
    if (wait !== null && Number(wait) >= this.index) await this.#wake.promise;
    const { fault } = this;
    const isStreamed = this.streams && Number(wait) > 0;
    const answer =
      fault?.kind === "answer"
        ? { status: fault.status, body: fault.text }
        : this.#answer(method, path, url.searchParams, body);
    if (fault?.kind === "cut") return void response.destroy();
    if (fault?.kind === "drip") return this.#drip(response);
    if (fault?.kind === "page") {
      const { status, location } = fault;
      response.writeHead(status, { "content-type": "text/html", ...(location && { location }) });
      return void response.end(fault.html);
    }
    this.#send(response, answer, isStreamed);
  }

  #drip(response: ServerResponse): void {
    response.writeHead(200, { "x-consul-index": this.index, "x-consul-knownleader": "true" });
    const timer = setInterval(() => response.write(" "), 1_000);
    response.once("close", () => clearInterval(timer));
  }

  #send(response: ServerResponse, { status = 200, body = true }: Answer, isStreamed = false): void {
    response.writeHead(status, {
      // As Consul does: refusals are plain text.
      "content-type": status === 200 ? "application/json" : "text/plain",
      "x-consul-index": this.index,
      "x-consul-knownleader": String(this.leader !== "" && !isStreamed),
      "x-consul-lastcontact": "0",
      ...(isStreamed && { "x-consul-query-backend": "streaming" }),
      ...(this.saysFiltered && { "x-consul-results-filtered-by-acls": "true" }),
    });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  }

  #answer(method: string, path: string, query: URLSearchParams, body: string): Answer {
    const [room = "", ...rest] = path.split("/");
    const name = rest.join("/");
    if (this.answers.has(path)) return { body: this.answers.get(path) };
    if (room === "kv") return this.#kv(method, name, query, body);
    if (room === "session") return this.#session(name, body);
    if (room === "agent") return this.#agent(name, query, body);
    if (room === "config") return this.#config(method, name, query, body);
    if (room === "health") {
      const isDenied = this.denied.has(`service ${rest[1] ?? ""}`);
      return { body: isDenied ? [] : (this.health.get(rest[1] ?? "") ?? []) };
    }
    if (room === "query") {
      const answer = this.queries.get(rest[0] ?? "");
      return answer === undefined ? { status: 404, body: "Query not found" } : { body: answer };
    }
    if (path === "internal/acl/authorize") return this.#authorize(body);
    return path === "status/leader" ? { body: JSON.stringify(this.leader) } : { status: 404 };
  }

  /** As without ACLs: an error, unless something has been denied. */
  #authorize(body: string): Answer {
    if (this.denied.size === 0) return { status: 401, body: "ACL support disabled" };
    const wanted = JSON.parse(body) as readonly { readonly Resource: string; Segment: string }[];
    return {
      body: wanted.map((each) => ({
        ...each,
        Allow: !this.denied.has(`${each.Resource} ${each.Segment}`),
      })),
    };
  }

  #kv(method: string, key: string, query: URLSearchParams, body: string): Answer {
    if (method === "PUT") return { body: this.#put(key, query, body) };
    if (method === "DELETE") {
      this.keys.delete(key);
      this.changed();
      return {};
    }
    const isBelow = query.has("recurse") || query.has("keys");
    const found = [...this.keys].filter(([each]) =>
      isBelow ? each.startsWith(key) : each === key,
    );
    if (found.length === 0) return { status: 404, body: "" };
    if (query.has("keys")) return { body: found.map(([each]) => each) };
    return {
      body: found.map(([each, { value, modifyIndex, lockIndex, session }]) => ({
        Key: each,
        Value: Buffer.from(value).toString("base64"),
        ModifyIndex: modifyIndex,
        LockIndex: lockIndex,
        Session: session,
      })),
    };
  }

  #put(key: string, query: URLSearchParams, value: string): boolean {
    const held = this.keys.get(key);
    const cas = query.get("cas");
    if (cas !== null && Number(cas) !== (held?.modifyIndex ?? 0)) return false;
    const acquire = query.get("acquire") ?? undefined;
    const isTaken = held?.session !== undefined && held.session !== acquire;
    if (acquire !== undefined && (isTaken || !this.sessions.has(acquire))) return false;
    this.set(key, value, acquire);
    return true;
  }

  #session(name: string, body: string): Answer {
    const [action, id = ""] = name.split("/");
    if (action === "create") {
      const created = `session-${this.index}`;
      this.sessions.set(created, JSON.parse(body));
      this.changed();
      return { body: { ID: created } };
    }
    if (action === "renew")
      return this.sessions.has(id) ? { body: [{}] } : { status: 404, body: "" };
    this.sessions.delete(id);
    for (const [key, { session }] of this.keys) if (session === id) this.keys.delete(key);
    this.changed();
    return {};
  }

  #agent(name: string, query: URLSearchParams, body: string): Answer {
    const [what, action = "", id = ""] = name.split("/");
    if (what === "check") return {};
    if (what === "services") return { body: this.#registeredBy(query) };
    if (what === "checks") return { body: this.#checks(query) };
    if (action === "register") {
      const registration = JSON.parse(body) as Record<string, unknown>;
      this.registered.set(String(registration["ID"]), registration);
      return {};
    }
    if (action === "deregister") {
      this.registered.delete(id);
      return {};
    }
    const known = this.registered.get(action);
    if (known === undefined) return { status: 404, body: "" };
    return { body: { Address: "", Service: known["Name"], ...known } };
  }

  /** Those whose Meta.sluiceSidecar is the one that the filter names. */
  #registeredBy(query: URLSearchParams): object {
    const name = /"(.*)"$/.exec(query.get("filter") ?? "")?.[1];
    const found = [...this.registered].filter(([, { Meta }]) => {
      const meta = (Meta ?? {}) as Readonly<Record<string, unknown>>;
      return meta["sluiceSidecar"] === name;
    });
    return Object.fromEntries(found);
  }

  /** The check that the filter names, unless a test has taken it away. */
  #checks(query: URLSearchParams): object {
    const name = /"service:(.*)"$/.exec(query.get("filter") ?? "")?.[1] ?? "";
    return this.registered.get(name)?.["Check"] === undefined ? {} : { [`service:${name}`]: {} };
  }

  #config(method: string, name: string, query: URLSearchParams, body: string): Answer {
    if (method === "GET") {
      const entry = this.entries.get(name);
      return entry === undefined ? { status: 404, body: "" } : { body: entry };
    }
    const entry = JSON.parse(body) as Record<string, unknown>;
    const key = `${String(entry["Kind"])}/${String(entry["Name"])}`;
    const index = Number(this.entries.get(key)?.["ModifyIndex"] ?? 0);
    if (Number(query.get("cas")) !== index) return { body: false };
    this.entries.set(key, { ...entry, ModifyIndex: index + 1 });
    this.changed();
    return {};
  }
}
