/** A connection was about to be made to a name: control/names resolves them, workers never do. */
class NameGivenError extends Error {
  readonly code = "ENAMEGIVEN";

  constructor(name: string) {
    super(`Cannot connect: wanted an IP address, found the name ${JSON.stringify(name)}`);
  }
}

/**
 * The `lookup` of a worker's connections: refuses every name. The system's own would put it behind
 * getaddrinfo's four threads, where one that is not answered holds up all others. Never called for
 * an IP address.
 */
export function refuseName(
  name: string,
  _options: unknown,
  done: (error: Error, address: string) => void,
): void {
  process.nextTick(done, new NameGivenError(name), "");
}
