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

/** A library of gRPC, with a client and a server of the cases. */
export type GrpcLibrary = {
  readonly name: string;
  readonly needs: readonly string[];
  readonly client: () => readonly [file: string, ...args: readonly string[]];
  readonly origin: () => readonly [file: string, ...args: readonly string[]];
};

/** Bytecode of the tests' own modules would lie beside them. */
const ENVIRONMENT = { ...NODE_ENVIRONMENT, PYTHONDONTWRITEBYTECODE: "1" };

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
  {
    name: "grpc-js",
    needs: ["grpc-js"],
    client: () => [process.execPath, ownProgram("grpc-js-client.cjs")],
    origin: () => [process.execPath, ownProgram("grpc-js-origin.cjs")],
  },
];

/** Its server of the cases, in clear. */
export async function startGrpcOrigin({ origin }: GrpcLibrary): Promise<ForeignServer> {
  const [port] = await freePorts();
  const [file, ...args] = origin();
  return ForeignServer.start(port, file, [...args, String(port)], { env: ENVIRONMENT });
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
