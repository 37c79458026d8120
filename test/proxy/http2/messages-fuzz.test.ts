import fc from "fast-check";
import { connect, performServerHandshake } from "node:http2";
import type { ClientHttp2Session, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { requestBlock, statusBlock } from "../../../proxy/http2/encode-head.ts";
import { FUZZ_MS, FUZZ_PARAMETERS } from "../../support/fuzz.ts";
import { CodecBed } from "./codec-bed.ts";
import { CodecDuplex } from "./codec-duplex.ts";
import { FuzzedSide, asSeen, blockOf, exchanges, summary } from "./fuzz-messages.ts";
import type { Fields, Message, ScriptedExchange, Seen } from "./fuzz-messages.ts";

/** What is long for a run is a hang. */
const RUN_MS = 20_000;
/** Two tests of three share a half of the time. */
const PARAMETERS = { ...FUZZ_PARAMETERS, interruptAfterTimeLimit: FUZZ_MS / 4 };

/** Both sides of each exchange, as they were seen. */
type Outcome = { requests: (Seen | string)[]; responses: (Seen | string)[] };

function ownFields(headers: IncomingHttpHeaders): Fields {
  const own = Object.entries(headers).filter(([name]) => name.startsWith("x-"));
  return Object.fromEntries(own.map(([name, value]) => [name, String(value)]));
}

/** What Node sees of a message whose head it has, once that has ended. */
async function seenByNode(stream: Duplex, headers: IncomingHttpHeaders): Promise<Seen | string> {
  let trailers: Fields = {};
  stream.on("trailers", (found: IncomingHttpHeaders) => (trailers = ownFields(found)));
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk as Buffer);
  } catch (error) {
    return String(error);
  }
  const body = summary(Buffer.concat(chunks).toString("latin1"));
  return { fields: ownFields(headers), body, trailers };
}

/** Sends body and trailers by Node, once the head is out. */
function sendByNode(
  stream: ServerHttp2Stream | ReturnType<ClientHttp2Session["request"]>,
  message: Message,
): void {
  stream.on("wantTrailers", () => stream.sendTrailers(message.trailers));
  for (const piece of message.body) stream.write(piece);
  stream.end();
}

function wanted(list: readonly ScriptedExchange[]): Outcome {
  return {
    requests: list.map(({ request }) => asSeen(request)),
    responses: list.map(({ response }) => asSeen(response)),
  };
}

/** Settles with the list once all of it is there. */
function whole<T>(count: number): {
  readonly list: T[];
  readonly all: Promise<T[]>;
  set(at: number, value: T): void;
} {
  const { promise, resolve } = Promise.withResolvers<T[]>();
  const list: T[] = [];
  let left = count;
  const set = (at: number, value: T): void => {
    list[at] = value;
    left -= 1;
    if (left === 0) resolve(list);
  };
  return { list, all: promise, set };
}

/** Exchanges between Node's client and our server. */
async function byNodesClient(list: readonly ScriptedExchange[], cut: number): Promise<Outcome> {
  const requests = whole<Seen | string>(list.length);
  const owner = new CodecBed("server");
  owner.onStream = (stream, request, isEnd) => {
    const at = Number(request.path.slice(1));
    const { response, status } = list[at] as ScriptedExchange;
    const side = new FuzzedSide(response, true, (seen) => requests.set(at, seen));
    side.onFields(request.list, isEnd);
    side.begin(stream, statusBlock(status) + blockOf(response.fields));
    return side;
  };
  const { stream: socket } = new CodecDuplex("server", owner, cut);
  const session = connect("http://a.example", { createConnection: () => socket });
  const responses = await Promise.all(
    list.map(async ({ method, request }, at) => {
      const head = { ":method": method, ":path": `/${at}`, ...request.fields };
      const stream = session.request(head, { endStream: false, waitForTrailers: true });
      const { promise, resolve } = Promise.withResolvers<Promise<Seen | string>>();
      stream.once("response", (headers) => resolve(seenByNode(stream, headers)));
      stream.once("error", (error) => resolve(Promise.resolve(String(error))));
      sendByNode(stream, request);
      return promise;
    }),
  );
  const outcome = { requests: await requests.all, responses };
  session.destroy();
  return outcome;
}

/** Exchanges between our client and Node's server. */
async function byNodesServer(list: readonly ScriptedExchange[], cut: number): Promise<Outcome> {
  const responses = whole<Seen | string>(list.length);
  const requests = whole<Promise<Seen | string>>(list.length);
  const { stream: socket, connection } = new CodecDuplex("client", new CodecBed("client"), cut);
  const session = performServerHandshake(socket);
  session.on("stream", (stream, headers) => {
    const at = Number(String(headers[":path"]).slice(1));
    const { response, status } = list[at] as ScriptedExchange;
    requests.set(at, seenByNode(stream, headers));
    stream.respond({ ":status": status, ...response.fields }, { waitForTrailers: true });
    sendByNode(stream, response);
  });
  for (const [at, { method, request }] of list.entries()) {
    const side = new FuzzedSide(request, false, (seen) => responses.set(at, seen));
    const head = requestBlock(method, "http", "a.example", `/${at}`) + blockOf(request.fields);
    side.begin(connection.open(side), head);
  }
  const outcome = {
    responses: await responses.all,
    requests: await Promise.all(await requests.all),
  };
  session.destroy();
  return outcome;
}

test.each([
  ["a client", byNodesClient],
  ["a server", byNodesServer],
])(
  "nghttp2 as %s and we see in each other's messages what was sent",
  async (_, exchange) => {
    await fc.assert(
      fc.asyncProperty(exchanges, fc.constantFrom(1, 9, 1000, 65_536), async (list, cut) => {
        const hang = AbortSignal.timeout(RUN_MS);
        const late = new Promise<string>((resolve) => {
          hang.addEventListener("abort", () => resolve("It hangs"), { once: true });
        });
        expect(await Promise.race([exchange(list, cut), late])).toEqual(wanted(list));
      }),
      PARAMETERS,
    );
  },
  FUZZ_MS + RUN_MS + 10_000,
);
