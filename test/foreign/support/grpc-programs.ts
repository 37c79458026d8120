import { freePorts } from "../../../control/cli/demo/children.ts";
import { ForeignServer, runProgram } from "./foreign-process.ts";
import { NODE_ENVIRONMENT, ownProgram, program } from "./programs.ts";

/** The public interoperability cases of gRPC that are not about credentials or deadlines. */
export const GRPC_CASES = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "custom_metadata",
  "status_code_and_message",
  "special_status_message",
  "unimplemented_method",
  "unimplemented_service",
  "cancel_after_begin",
  "cancel_after_first_response",
  "timeout_on_sleeping_server",
] as const;

/** More of them, which only a client and a server of grpc-js know of each other. */
export const GRPC_JS_CASES = [
  "large_stream",
  "deadline_is_passed_on",
  "cancellation_is_heard",
] as const;

/** A library of gRPC, with a client and a server of the cases. */
export type GrpcLibrary = {
  readonly name: string;
  readonly needs: readonly string[];
  readonly client: () => readonly [file: string, ...args: readonly string[]];
  readonly origin: () => readonly [file: string, ...args: readonly string[]];
};

/** Bytecode of the tests' own modules would lie beside them. */
const ENVIRONMENT = { ...NODE_ENVIRONMENT, PYTHONDONTWRITEBYTECODE: "1" };

const GRPC_JS: GrpcLibrary = {
  name: "grpc-js",
  needs: ["grpc-js"],
  client: () => [process.execPath, ownProgram("grpc-js-client.cjs")],
  origin: () => [process.execPath, ownProgram("grpc-js-origin.cjs")],
};

/** Those that people use most, one for each of the three implementations of HTTP/2 below. */
export const GRPC_LIBRARIES: readonly GrpcLibrary[] = [
  {
    name: "grpc-go",
    needs: ["grpc-client", "grpc-origin"],
    client: () => [program("grpc-client")],
    origin: () => [program("grpc-origin")],
  },
  {
    name: "grpcio",
    needs: ["python"],
    client: () => [program("python"), ownProgram("grpc_client.py")],
    origin: () => [program("python"), ownProgram("grpc_origin.py")],
  },
  GRPC_JS,
];

/** Its server of the cases, in clear. `name`: what one of grpc-js calls itself. */
export async function startGrpcOrigin(
  { origin }: GrpcLibrary = GRPC_JS,
  ...name: readonly string[]
): Promise<ForeignServer> {
  const [port] = await freePorts();
  const [file, ...args] = origin();
  return ForeignServer.start(port, file, [...args, ...name, String(port)], { env: ENVIRONMENT });
}

/** As runGrpcCases(), by grpc-js in clear. */
export function runGrpcJsCases(
  address: string,
  ...cases: readonly string[]
): Promise<readonly string[]> {
  return runGrpcCases(GRPC_JS, address, cases);
}

/** What each of `cases` came to, in order: `CASE ok`, or what was wrong. `roots`: over TLS. */
export async function runGrpcCases(
  { client }: GrpcLibrary,
  address: string,
  cases: readonly string[],
  roots?: string,
): Promise<readonly string[]> {
  const [file, ...args] = client();
  const env = roots === undefined ? ENVIRONMENT : { ...ENVIRONMENT, CA_FILE: roots };
  const { out, error } = await runProgram(file, [...args, address, ...cases], { env });
  const lines = out.trim().split("\n");
  return error === "" ? lines : [...lines, error];
}
