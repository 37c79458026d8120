// grpc-js-origin.cjs [NAME] PORT: the service of the interoperability cases by grpc-js, in clear, and
// its health. What it sends first says more than they ask for: see SEEN.
const { setTimeout: sleep } = require("node:timers/promises");
const { grpc, testing, INITIAL, SEEN, TRAILING, payload } = require("./grpc-testing.cjs");

const port = process.argv.at(-1);
const name = process.argv.length > 3 ? process.argv[2] : "";
/** Calls that their clients have cancelled. */
let cancelled = 0;

/** Sends back what has to come first, and returns what has to come last. */
function echoMetadata(call) {
  const [initial] = call.metadata.get(INITIAL);
  const [trailing] = call.metadata.get(TRAILING);
  const first = new grpc.Metadata();
  const last = new grpc.Metadata();
  if (initial !== undefined) first.set(INITIAL, initial);
  if (trailing !== undefined) last.set(TRAILING, trailing);
  const deadline = call.getDeadline();
  first.set(SEEN.name, name);
  first.set(SEEN.cancelled, String(cancelled));
  first.set(SEEN.leftMs, String(deadline === Infinity ? -1 : Number(deadline) - Date.now()));
  call.sendMetadata(first);
  return last;
}

function statusOf({ responseStatus }) {
  if (!responseStatus?.code) return undefined;
  return { code: responseStatus.code, details: responseStatus.message };
}

async function answer(call, { responseParameters }) {
  for (const { size, intervalUs } of responseParameters) {
    if (intervalUs > 0) await sleep(intervalUs / 1_000);
    call.write({ payload: payload(size) });
  }
}

const service = {
  emptyCall: (_, done) => done(null, {}),
  unaryCall: (call, done) => {
    const status = statusOf(call.request);
    if (status) return done(status);
    const last = echoMetadata(call);
    done(null, { payload: payload(call.request.responseSize) }, last);
  },
  streamingInputCall: (call, done) => {
    let size = 0;
    call.on("data", (request) => (size += request.payload.body.length));
    call.on("end", () => done(null, { aggregatedPayloadSize: size }));
  },
  streamingOutputCall: async (call) => {
    await answer(call, call.request);
    call.end();
  },
  fullDuplexCall: (call) => {
    const last = echoMetadata(call);
    let before = Promise.resolve();
    call.on("cancelled", () => (cancelled += 1));
    call.on("data", (request) => {
      const status = statusOf(request);
      if (status) call.emit("error", status);
      else before = before.then(() => answer(call, request));
    });
    call.on("end", () => void before.then(() => call.end(last)));
  },
};

const server = new grpc.Server();
server.addService(testing.TestService.service, service);
const asIs = (bytes) => bytes;
const check = {
  path: "/grpc.health.v1.Health/Check",
  requestStream: false,
  responseStream: false,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
};
// SERVING.
server.addService({ check }, { check: (_, done) => done(null, Buffer.from([8, 1])) });
const address = `127.0.0.1:${port}`;
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
