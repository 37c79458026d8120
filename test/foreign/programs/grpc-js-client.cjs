// grpc-js-client.cjs ADDRESS CASE...: the interoperability cases of gRPC by grpc-js. CA_FILE names the
// roots that it trusts; without it, it speaks in clear. Prints a line for each case.
const assert = require("node:assert/strict");
const { once } = require("node:events");
const { readFileSync } = require("node:fs");
const { promisify } = require("node:util");
const { grpc, testing, INITIAL, SEEN, TRAILING, payload } = require("./grpc-testing.cjs");

const REQUEST_SIZES = [27182, 8, 1828, 45904];
const RESPONSE_SIZES = [31415, 9, 2653, 58979];
const LARGE_REQUEST = 271828;
const LARGE_RESPONSE = 314159;
const MEBIBYTE = 1024 * 1024;
const LARGE = { responseSize: LARGE_RESPONSE, payload: payload(LARGE_REQUEST) };
const { status } = grpc;

const [address, ...cases] = process.argv.slice(2);
const { CA_FILE } = process.env;
const security = CA_FILE
  ? grpc.credentials.createSsl(readFileSync(CA_FILE))
  : grpc.credentials.createInsecure();
// An address has no name for TLS.
const options = CA_FILE ? { "grpc.ssl_target_name_override": "localhost" } : {};
const client = new testing.TestService(address, security, options);
const other = new testing.UnimplementedService(address, security, options);

const outputRequest = (size, requestSize, intervalUs = 0) => ({
  responseParameters: [{ size, intervalUs }],
  payload: payload(requestSize),
});

const unary = (stub, method) => promisify(stub[method].bind(stub));

/** How a stream has ended: its status with its trailing metadata. */
function endOf(call) {
  // Told by its status too.
  call.on("error", () => undefined);
  call.resume();
  return new Promise((resolve) => call.on("status", resolve));
}

async function ask(call, size, requestSize) {
  const next = once(call, "data");
  call.write(outputRequest(size, requestSize));
  const [response] = await next;
  assert.equal(response.payload.body.length, size);
}

/** What an origin of grpc-js says of a call, and of itself. */
async function seen(more = {}) {
  const { promise, reject } = Promise.withResolvers();
  const call = client.unaryCall({}, more, (error) => error && reject(error));
  const [metadata] = await Promise.race([once(call, "metadata"), promise]);
  const read = ([key, field]) => [key, metadata.get(field)[0]];
  return Object.fromEntries(Object.entries(SEEN).map(read));
}

async function expectFailure(code, attempt, details) {
  const error = await attempt().then(
    () => assert.fail("wanted a failure, found an answer"),
    (found) => found,
  );
  assert.equal(error.code, code);
  if (details !== undefined) assert.equal(error.details, details);
}

async function expectEchoedStatus(code, message) {
  const responseStatus = { code, message };
  await expectFailure(code, () => unary(client, "unaryCall")({ responseStatus }), message);
  const call = client.fullDuplexCall();
  const end = endOf(call);
  call.write({ responseStatus });
  call.end();
  const { code: found, details } = await end;
  assert.deepEqual({ found, details }, { found: code, details: message });
}

const CASES = {
  empty_unary: async () => assert.deepEqual(await unary(client, "emptyCall")({}), {}),
  large_unary: async () => {
    const { payload: got } = await unary(client, "unaryCall")(LARGE);
    assert.equal(got.body.length, LARGE_RESPONSE);
  },
  client_streaming: async () => {
    const { promise, resolve, reject } = Promise.withResolvers();
    const call = client.streamingInputCall((error, got) => (error ? reject(error) : resolve(got)));
    for (const size of REQUEST_SIZES) call.write({ payload: payload(size) });
    call.end();
    const { aggregatedPayloadSize } = await promise;
    assert.equal(
      aggregatedPayloadSize,
      REQUEST_SIZES.reduce((sum, size) => sum + size),
    );
  },
  server_streaming: async () => {
    const call = client.streamingOutputCall({
      responseParameters: RESPONSE_SIZES.map((size) => ({ size, intervalUs: 0 })),
    });
    const sizes = [];
    for await (const response of call) sizes.push(response.payload.body.length);
    assert.deepEqual(sizes, RESPONSE_SIZES);
  },
  ping_pong: async () => {
    const call = client.fullDuplexCall();
    for (const [at, size] of RESPONSE_SIZES.entries()) await ask(call, size, REQUEST_SIZES[at]);
    const end = endOf(call);
    call.end();
    assert.equal((await end).code, status.OK);
  },
  empty_stream: async () => {
    const call = client.fullDuplexCall();
    const end = endOf(call);
    call.end();
    assert.equal((await end).code, status.OK);
  },
  custom_metadata: async () => {
    const sent = new grpc.Metadata();
    const trailing = Buffer.from([0xab, 0xab, 0xab]);
    sent.set(INITIAL, "test_initial_metadata_value");
    sent.set(TRAILING, trailing);
    const { promise, resolve, reject } = Promise.withResolvers();
    const one = client.unaryCall(LARGE, sent, (error) => error && reject(error));
    one.on("status", resolve);
    const [first] = await Promise.race([once(one, "metadata"), promise]);
    assert.deepEqual(first.get(INITIAL), ["test_initial_metadata_value"]);
    assert.deepEqual((await promise).metadata.get(TRAILING), [trailing]);
    const call = client.fullDuplexCall(sent);
    const metadata = once(call, "metadata");
    await ask(call, LARGE_RESPONSE, LARGE_REQUEST);
    assert.deepEqual((await metadata)[0].get(INITIAL), ["test_initial_metadata_value"]);
    const end = endOf(call);
    call.end();
    assert.deepEqual((await end).metadata.get(TRAILING), [trailing]);
  },
  status_code_and_message: () => expectEchoedStatus(status.UNKNOWN, "test status message"),
  special_status_message: () =>
    expectEchoedStatus(
      status.UNKNOWN,
      "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n",
    ),
  unimplemented_method: () =>
    expectFailure(status.UNIMPLEMENTED, () => unary(client, "unimplementedCall")({})),
  unimplemented_service: () =>
    expectFailure(status.UNIMPLEMENTED, () => unary(other, "unimplementedCall")({})),
  cancel_after_begin: async () => {
    const { promise, resolve } = Promise.withResolvers();
    const call = client.streamingInputCall((error) => resolve(error));
    call.cancel();
    assert.equal((await promise)?.code, status.CANCELLED);
  },
  cancel_after_first_response: async () => {
    const call = client.fullDuplexCall();
    await ask(call, RESPONSE_SIZES[0], REQUEST_SIZES[0]);
    const end = endOf(call);
    call.cancel();
    assert.equal((await end).code, status.CANCELLED);
  },
  timeout_on_sleeping_server: async () => {
    const call = client.fullDuplexCall({ deadline: new Date(Date.now() + 50) });
    const end = endOf(call);
    call.write(outputRequest(RESPONSE_SIZES[0], REQUEST_SIZES[0], 2_000_000));
    assert.equal((await end).code, status.DEADLINE_EXCEEDED);
  },
  // Those that follow are ours, for an origin of grpc-js alone.
  large_stream: async () => {
    const responseParameters = Array.from({ length: 16 }, () => ({
      size: MEBIBYTE,
      intervalUs: 0,
    }));
    let bytes = 0;
    for await (const response of client.streamingOutputCall({ responseParameters })) {
      bytes += response.payload.body.length;
    }
    assert.equal(bytes, 16 * MEBIBYTE);
  },
  deadline_is_passed_on: async () => {
    const { leftMs } = await seen({ deadline: Date.now() + 10_000 });
    assert.ok(Number(leftMs) > 5_000 && Number(leftMs) <= 10_000, leftMs);
    assert.equal((await seen()).leftMs, "-1");
  },
  cancellation_is_heard: async () => {
    const before = Number((await seen()).cancelled);
    await CASES.cancel_after_first_response();
    let tries = 0;
    while (Number((await seen()).cancelled) === before && tries < 500) tries += 1;
    assert.equal(Number((await seen()).cancelled), before + 1);
  },
  split_90_to_10: async () => {
    const names = [];
    for (let asked = 0; asked < 100; asked += 1) names.push((await seen()).name);
    const first = names.filter((name) => name === "v1").length;
    assert.equal(names.filter((name) => name === "v2").length, 100 - first);
    assert.ok(Math.abs(first - 90) <= 2, String(first));
  },
};

async function run() {
  for (const name of cases) {
    const outcome = await CASES[name]().then(
      () => "ok",
      (error) => String(error.message).replaceAll("\n", " "),
    );
    process.stdout.write(`${name} ${outcome}\n`);
  }
  // What it has cancelled would keep it alive.
  process.exit();
}

void run();
