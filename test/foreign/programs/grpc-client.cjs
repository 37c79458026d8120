// grpc-client.cjs ADDRESS: gRPC's interoperability cases; says how each went, one JSON line for each.
const grpc = require("@grpc/grpc-js");

const TIMEOUT_MS = 20_000;
const MEBIBYTE = 1024 * 1024;
const SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

const asIs = (message) => message;
const channel = new grpc.Client(process.argv[2], grpc.credentials.createInsecure(), {
  "grpc.max_receive_message_length": -1,
});
const path = (name) => `/grpc.testing.TestService/${name}`;
const say = (what) => Buffer.from(JSON.stringify(what));

/** One message and its answer: `{ code, details, size, initial, trailing }`. */
function unary(name, message, metadata = new grpc.Metadata(), options = {}) {
  return new Promise((resolve) => {
    const told = {};
    const call = channel.makeUnaryRequest(
      path(name),
      asIs,
      asIs,
      message,
      metadata,
      options,
      (error, answer) => {
        Object.assign(told, { text: answer?.toString(), size: answer?.length });
      },
    );
    call.on("metadata", (initial) => (told.initial = initial.getMap()));
    call.on("status", ({ code, details, metadata: trailing }) => {
      setImmediate(() => resolve({ ...told, code, details, trailing: trailing.getMap() }));
    });
    told.cancel = () => call.cancel();
  });
}

function streamed(call, sizes = []) {
  return new Promise((resolve) => {
    call.on("data", (message) => sizes.push(message.length));
    call.on("error", () => undefined);
    call.on("status", ({ code, details }) => resolve({ code, details, sizes }));
  });
}

const duplex = (options = {}) =>
  channel.makeBidiStreamRequest(path("FullDuplexCall"), asIs, asIs, options);
const codeOf = ({ code }) => code;

const cases = {
  async empty_unary() {
    const { code, size } = await unary("EmptyCall", Buffer.alloc(0));
    return [code, size];
  },
  async large_unary() {
    const message = Buffer.concat([say({ size: 314_159 }), Buffer.alloc(271_828, " ")]);
    const { code, size } = await unary("UnaryCall", message);
    return [code, size];
  },
  async client_streaming() {
    return new Promise((resolve) => {
      const done = (error, answer) => resolve([error?.code ?? 0, answer?.toString()]);
      const call = channel.makeClientStreamRequest(path("StreamingInputCall"), asIs, asIs, done);
      for (const size of [27_182, 8, 1_828, 45_904]) call.write(Buffer.alloc(size));
      call.end();
    });
  },
  async server_streaming() {
    const message = say({ sizes: [31_415, 9, 2_653, 58_979] });
    const { code, sizes } = await streamed(
      channel.makeServerStreamRequest(path("StreamingOutputCall"), asIs, asIs, message),
    );
    return [code, ...sizes];
  },
  async ping_pong() {
    const call = duplex();
    const sizes = [];
    const end = streamed(call, sizes);
    const wanted = [31_415, 9, 2_653, 58_979];
    call.on("data", () => (sizes.length < wanted.length ? ask() : call.end()));
    const ask = () => call.write(say({ size: wanted[sizes.length] }));
    ask();
    return [codeOf(await end), ...sizes];
  },
  async empty_stream() {
    const call = duplex();
    const end = streamed(call);
    call.end();
    const { code, sizes } = await end;
    return [code, sizes.length];
  },
  async large_stream() {
    const message = say({ sizes: Array(16).fill(MEBIBYTE) });
    const { code, sizes } = await streamed(
      channel.makeServerStreamRequest(path("StreamingOutputCall"), asIs, asIs, message),
    );
    return [code, sizes.reduce((sum, size) => sum + size, 0)];
  },
  async custom_metadata() {
    const metadata = new grpc.Metadata();
    metadata.set("x-grpc-test-echo-initial", "test_initial_metadata_value");
    metadata.set("x-grpc-test-echo-trailing-bin", Buffer.from([0xab, 0xab, 0xab]));
    const { code, initial, trailing } = await unary("UnaryCall", say({ size: 1 }), metadata);
    const bytes = trailing["x-grpc-test-echo-trailing-bin"];
    return [code, initial["x-grpc-test-echo-initial"], bytes?.toString("hex")];
  },
  async status_code_and_message() {
    const status = { code: 2, message: "test status message" };
    const one = await unary("UnaryCall", say({ status }));
    const call = duplex();
    const end = streamed(call);
    call.write(say({ status }));
    const other = await end;
    return [one.code, one.details, other.code, other.details];
  },
  async special_status_message() {
    const { code, details } = await unary(
      "UnaryCall",
      say({ status: { code: 2, message: SPECIAL } }),
    );
    return [code, details === SPECIAL];
  },
  async unimplemented_method() {
    return [codeOf(await unary("UnimplementedCall", Buffer.alloc(0)))];
  },
  async unimplemented_service() {
    const call = (done) =>
      channel.makeUnaryRequest("/grpc.testing.Nobody/Call", asIs, asIs, Buffer.alloc(0), done);
    return [await new Promise((resolve) => call((error) => resolve(error?.code)))];
  },
  async cancel_after_begin() {
    return new Promise((resolve) => {
      const done = (error) => resolve([error?.code]);
      channel.makeClientStreamRequest(path("StreamingInputCall"), asIs, asIs, done).cancel();
    });
  },
  async cancel_after_first_response() {
    const call = duplex();
    const end = streamed(call);
    call.once("data", () => call.cancel());
    call.write(say({ size: 31_415 }));
    const { code, sizes } = await end;
    // The server hears of it.
    for (let tries = 0; tries < 100; tries += 1) {
      const { text } = await unary("UnaryCall", say({ what: "cancelled" }));
      if (text.includes("duplex")) return [code, ...sizes, "heard"];
    }
    return [code, ...sizes, "not heard"];
  },
  async timeout_on_sleeping_server() {
    const options = { deadline: Date.now() + 200 };
    const { code } = await unary("UnaryCall", say({ what: "sleep" }), undefined, options);
    return [code];
  },
  async deadline_is_passed_on() {
    const options = { deadline: Date.now() + 10_000 };
    const { code, text } = await unary("UnaryCall", say({ what: "deadline" }), undefined, options);
    return [code, Number(text) > 5_000 && Number(text) <= 10_000];
  },
  async split() {
    const names = [];
    for (let asked = 0; asked < 100; asked += 1) {
      names.push((await unary("UnaryCall", say({ what: "name" }))).text);
    }
    return [
      names.filter((each) => each === "v1").length,
      names.filter((each) => each === "v2").length,
    ];
  },
};

async function main() {
  for (const name of process.argv.slice(3).length > 0
    ? process.argv.slice(3)
    : Object.keys(cases)) {
    const late = new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS, ["late"]).unref());
    const outcome = await Promise.race([cases[name](), late]);
    process.stdout.write(`${JSON.stringify({ name, outcome })}\n`);
  }
  channel.close();
  // The call to the sleeping server is still open there, and holds its connection.
  process.exit();
}

void main();
