/**
 * Signals that are meant for the primary, which decides what workers do. They reach us too: from a
 * terminal (Ctrl-C, or when it closes), by `systemctl kill`, or sent to a process group.
 */
const IGNORED_SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const;

/** Lets no signal that a program can withstand end this process, or change what it does. */
export function ignoreSignals(): void {
  for (const signal of IGNORED_SIGNALS) process.on(signal, ignore);
}

function ignore(): void {}

/**
 * What this process takes: processor time since its start, and resident memory right now. Memory of
 * 0: not known, as it is read from a file, and no descriptor may be left for that.
 */
export function processUsage(): { readonly cpuSeconds: number; readonly residentBytes: number } {
  const { user, system } = process.cpuUsage();
  return { cpuSeconds: (user + system) / 1e6, residentBytes: residentBytes() };
}

function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}
