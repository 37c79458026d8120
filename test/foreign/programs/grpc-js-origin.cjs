// grpc-js-origin.cjs PORT: the service of the interoperability cases by grpc-js, in clear.
const { setTimeout: sleep } = require("node:timers/promises");
const { grpc, testing, INITIAL, TRAILING, payload } = require("./grpc-testing.cjs");

/** Sends back what has to come first, and returns what has to come last. */
function echoMetadata(call) {
  const [initial] = call.metadata.get(INITIAL);
  const [trailing] = call.metadata.get(TRAILING);
  const first = new grpc.Metadata();
  const last = new grpc.Metadata();
  if (initial !== undefined) first.set(INITIAL, initial);
  if (trailing !== undefined) last.set(TRAILING, trailing);
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
const address = `127.0.0.1:${process.argv[2]}`;
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
