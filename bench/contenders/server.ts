import type { Cores } from "../system/cores.ts";
import { freePort, untilOpen } from "../system/ports.ts";
import { findProgram } from "../system/programs.ts";
import { Spawned } from "../system/spawned.ts";
import { WorkFolder } from "../system/work-folder.ts";
import type { RunningContender } from "./contender.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/**
 * How long a server may take to accept connections: nginx needs 10 s and more for 10 000 services.
 */
const OPEN_WAIT_MS = 120_000;

type Place = { readonly folder: WorkFolder; readonly port: number };
type Program = { readonly program: string; readonly arguments: readonly string[] };

/** Starts an installed server on a free port, with what `configure` writes into its folder. */
export async function startServer(
  cores: Cores,
  configure: (place: Place) => Promise<Program>,
): Promise<RunningContender> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = stack.use(await WorkFolder.make());
    const port = await freePort();
    const { program, arguments: args } = await configure({ folder, port });
    const file = findProgram(program);
    if (file === undefined) throw new Error(`Cannot start ${program}: it is not installed`);
    const server = stack.use(new Spawned({ file, arguments: args, cores: cores.contender }));
    await untilOpen(port, OPEN_WAIT_MS).catch((error: unknown) => {
      throw server.failure(errorText(error));
    });
    const dispose = (): Promise<void> => stack.disposeAsync();
    return { host: "127.0.0.1", port, pid: server.pid, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
