// http2-client.cjs URL [CASE...]: as go/http2-client, by the http2 of Node.
const { readFileSync } = require("node:fs");
const { connect } = require("node:http2");

const LARGE_BYTES = 3 << 20;
const PARALLEL = 32;
const SHIFT_REQUESTS = 600;
const SHIFT_STREAMS = 8;

const { CA_FILE } = process.env;
const secure = CA_FILE ? { ca: readFileSync(CA_FILE), servername: "localhost" } : {};
const [, , url, ...cases] = process.argv;
const session = connect(url, secure);
session.on("error", (error) => process.stdout.write(`session: ${error.message}\n`));

/** The answer, read whole: its status, body and trailers. */
function send(fields, body, last) {
  const stream = session.request(fields, { waitForTrailers: last !== undefined });
  stream.on("wantTrailers", () => stream.sendTrailers(last));
  stream.end(body);
  return new Promise((resolve, reject) => {
    const answer = { status: 0, trailers: {} };
    const chunks = [];
    stream.on("response", (head) => (answer.status = head[":status"]));
    stream.on("trailers", (fieldsAfter) => (answer.trailers = fieldsAfter));
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("close", () => resolve({ ...answer, body: Buffer.concat(chunks) }));
  });
}

async function get(path) {
  const { status, body } = await send({ ":path": path });
  return `2 ${status} ${body}`;
}

const post = (body) => send({ ":method": "POST", ":path": "/echo" }, body);

async function small() {
  const { status, body } = await post("a small body");
  return `2 ${status} ${body}`;
}

async function large() {
  const sent = Buffer.alloc(LARGE_BYTES);
  for (let at = 0; at < sent.length; at += 1) sent[at] = (at * 31) ^ (at >> 8);
  const { status, body } = await post(sent);
  return `2 ${status} same: ${sent.equals(body)}`;
}

async function trailers() {
  const fields = { ":method": "POST", ":path": "/trailers", te: "trailers", trailer: "x-sent" };
  const answer = await send(fields, "x", { "x-sent": "by the client" });
  return `2 ${answer.status} ${answer.body} | ${answer.trailers["x-seen"]}`;
}

async function many(count, streams, path, isRight) {
  let next = 0;
  const wrong = [];
  const work = async () => {
    while (next < count) {
      const number = next++;
      const text = await get(path(number)).catch((error) => error.message);
      if (!isRight(number, text)) wrong.push(`${number} ${text}`);
    }
  };
  await Promise.all(Array.from({ length: streams }, work));
  return wrong.length === 0 ? `${count} right` : `${wrong.length} wrong, one of them: ${wrong[0]}`;
}

const CASES = {
  get: () => get("/hello"),
  post: small,
  large,
  trailers,
  error: () => get("/teapot"),
  parallel: () =>
    many(
      PARALLEL,
      PARALLEL,
      (number) => `/number/${number}`,
      (number, text) => text === `2 200 ${number}\n`,
    ),
  shift: () =>
    many(
      SHIFT_REQUESTS,
      SHIFT_STREAMS,
      () => "/version",
      (_, text) => /^2 200 v[12]$/.test(text),
    ),
};

async function run() {
  for (const name of cases.length > 0 ? cases : Object.keys(CASES)) {
    const text = await CASES[name]().catch((error) => `failed: ${error.message}`);
    process.stdout.write(`${name}: ${text}\n`);
  }
  session.close();
}

void run();
