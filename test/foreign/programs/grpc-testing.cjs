// The services of testing.proto, for grpc-js-client.cjs and grpc-js-origin.cjs.
const { join } = require("node:path");
const grpc = require("@grpc/grpc-js");
const { loadSync } = require("@grpc/proto-loader");

const definition = loadSync(join(__dirname, "testing.proto"), { defaults: true });
const { testing } = grpc.loadPackageDefinition(definition).grpc;

const INITIAL = "x-grpc-test-echo-initial";
const TRAILING = "x-grpc-test-echo-trailing-bin";
/** What grpc-js-origin.cjs says of itself and of a call. */
const SEEN = {
  name: "x-origin-name",
  cancelled: "x-origin-cancelled",
  leftMs: "x-origin-left-ms",
};
const payload = (size) => ({ body: Buffer.alloc(size) });

module.exports = { grpc, testing, INITIAL, SEEN, TRAILING, payload };
