// grpc-origin.cjs PORT NAME: the test service of gRPC's interoperability cases, and its health.
const grpc = require("@grpc/grpc-js");

const [port, name] = process.argv.slice(2);
const ECHO_INITIAL = "x-grpc-test-echo-initial";
const ECHO_TRAILING = "x-grpc-test-echo-trailing-bin";

const asIs = (message) => message;

function method(path, requestStream, responseStream) {
  const bytes = { requestSerialize: asIs, requestDeserialize: asIs };
  const answers = { responseSerialize: asIs, responseDeserialize: asIs };
  return { path, requestStream, responseStream, ...bytes, ...answers };
}

const service = {
  EmptyCall: method("/grpc.testing.TestService/EmptyCall", false, false),
  UnaryCall: method("/grpc.testing.TestService/UnaryCall", false, false),
  StreamingOutputCall: method("/grpc.testing.TestService/StreamingOutputCall", false, true),
  StreamingInputCall: method("/grpc.testing.TestService/StreamingInputCall", true, false),
  FullDuplexCall: method("/grpc.testing.TestService/FullDuplexCall", true, true),
};

/** Messages are JSON: how many bytes to answer with, and what status to end with. */
const read = (message) => (message.length === 0 ? {} : JSON.parse(message.toString()));
const cancelled = [];

function echo(call) {
  const initial = call.metadata.get(ECHO_INITIAL);
  if (initial.length > 0) {
    const metadata = new grpc.Metadata();
    metadata.set(ECHO_INITIAL, initial[0]);
    call.sendMetadata(metadata);
  }
  const trailing = call.metadata.get(ECHO_TRAILING);
  const metadata = new grpc.Metadata();
  if (trailing.length > 0) metadata.set(ECHO_TRAILING, trailing[0]);
  return metadata;
}

const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
server.addService(service, {
  EmptyCall: (_call, done) => done(null, Buffer.alloc(0)),
  UnaryCall(call, done) {
    const trailers = echo(call);
    const { size = 0, status, what } = read(call.request);
    if (what === "name") return done(null, Buffer.from(name), trailers);
    if (what === "cancelled") return done(null, Buffer.from(cancelled.join()), trailers);
    if (what === "sleep") return undefined;
    if (what === "deadline") {
      return done(null, Buffer.from(String(call.getDeadline() - Date.now())), trailers);
    }
    if (status) return done({ code: status.code, details: status.message, metadata: trailers });
    return done(null, Buffer.alloc(size), trailers);
  },
  StreamingOutputCall(call) {
    const { sizes = [] } = read(call.request);
    for (const size of sizes) call.write(Buffer.alloc(size));
    call.end(echo(call));
  },
  StreamingInputCall(call, done) {
    let bytes = 0;
    call.on("cancelled", () => cancelled.push("input"));
    call.on("data", (message) => (bytes += message.length));
    call.on("end", () => done(null, Buffer.from(String(bytes))));
  },
  FullDuplexCall(call) {
    const trailers = echo(call);
    call.on("cancelled", () => cancelled.push("duplex"));
    call.on("data", (message) => {
      const { size = 0, status } = read(message);
      if (status)
        call.emit("error", { code: status.code, details: status.message, metadata: trailers });
      else call.write(Buffer.alloc(size));
    });
    call.on("end", () => call.end(trailers));
  },
});
server.addService(
  { Check: method("/grpc.health.v1.Health/Check", false, false) },
  { Check: (_call, done) => done(null, Buffer.from([8, 1])) },
);
server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  process.stdout.write("ready\n");
});
