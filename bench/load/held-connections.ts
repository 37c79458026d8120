import type { Cores } from "../system/cores.ts";
import { startLoad } from "./child.ts";
import type { Target } from "./load.ts";

/** Connections that are opened, used, and then held. */
export type HeldConnections = {
  readonly target: Target;
  readonly count: number;
  /**
   * idle: each has had one answer and rests. unread: each has sent a request, and reads nothing of
   * the answer beyond its head.
   */
  readonly kind: "idle" | "unread";
};

/** Opens them in a process of its own; they are closed when the result is disposed. */
export async function holdConnections(
  held: HeldConnections,
  cores: Cores,
): Promise<AsyncDisposable> {
  const program = startLoad("held-connections-child.ts", held, cores);
  try {
    await program.firstLine((line) => (line === "held" ? true : undefined));
    return program;
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}
