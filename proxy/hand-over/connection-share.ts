import type { Clock } from "../base/clock.ts";
import { orLate } from "../base/deadline.ts";
import type { ClientConnections, OpenClient } from "../clients/client-connections.ts";
import type { ShareTerms } from "../messages/messages.ts";
import type { SendConnection } from "./hand-over.ts";

/** How long connections in use are waited for to come to rest, before others go in their place. */
const IN_USE_WAIT_MS = 300;

/**
 * Gives some connections of this worker to another that has fewer, each between two requests; all
 * others stay. Those in use go first, because they are what makes work. Tunnels and connections
 * over TLS stay where they are. Resolves when so many are gone, or no more can go now.
 */
export async function shareConnections(
  { count, to }: ShareTerms,
  connections: ClientConnections,
  send: SendConnection,
  clock: Clock,
): Promise<void> {
  const enough = Promise.withResolvers<undefined>();
  let given = 0;
  const give = (connection: OpenClient): boolean => {
    const isWanted = given < count && connection.tunnel === undefined;
    const gone = isWanted ? connection.giveAway() : undefined;
    if (gone === undefined) return false;
    given += 1;
    send({ ...gone.about, place: given, to }, gone.handle);
    if (given === count) enough.resolve(undefined);
    return true;
  };
  const giveOrGoOn = (connection: OpenClient): void => {
    if (!give(connection)) connection.goOn();
  };
  // Not from inside the connection's own call, so that its state settles first.
  const onIdle = (connection: OpenClient): unknown => setImmediate(() => giveOrGoOn(connection));
  // Whoever hands everything over has the first word.
  if (connections.onIdle !== undefined) return;
  connections.onIdle = onIdle;
  await orLate(enough.promise, IN_USE_WAIT_MS, clock, () => undefined);
  if (connections.onIdle !== onIdle) return;
  connections.onIdle = undefined;
  for (const connection of connections) give(connection);
}
