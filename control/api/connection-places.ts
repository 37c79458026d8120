import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** How many connections a server has at once. */
export type Places = {
  /** Beyond it, one more is closed at once. */
  readonly most: number;
  /**
   * From so many on, a new one takes the place of one that waits for nothing, so that health and
   * metrics can be asked for whatever others hold open.
   */
  readonly crowded: number;
};

/**
 * Gives each new connection of a server a place. If there are few left, the connection that has
 * been silent longest loses its own: one without a request, or in the middle of one or of a
 * handshake. Whoever waits for an answer, or reads a stream, keeps it.
 */
export function keepPlaces(server: Server, { most, crowded }: Places): void {
  /** Every connection with its request, those that waited longest for one first. */
  const requests = new Map<Socket, IncomingMessage | undefined>();
  /** Connections that are in a handshake, by where they come from. */
  const greeting = new Map<string, Socket>();
  const place = (socket: Socket): void => {
    requests.set(socket, undefined);
    socket.once("close", () => requests.delete(socket));
  };
  server.maxConnections = most;
  server.on("connection", (socket: Socket) => {
    if (requests.size >= crowded) silentOne(requests)?.destroy();
    place(socket);
    const peer = peerOf(socket);
    greeting.set(peer, socket);
    socket.once("close", () => greeting.delete(peer));
  });
  // TLS is another socket around the same connection.
  server.on("secureConnection", (socket: Socket) => {
    const inner = greeting.get(peerOf(socket));
    if (inner !== undefined) requests.delete(inner);
    place(socket);
  });
  // Before whatever answers it: that may be done by the time a later listener runs.
  server.prependListener("request", (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    requests.set(socket, request);
    response.once("close", () => {
      // To the end of the line, unless the connection has gone.
      if (requests.delete(socket) && !socket.destroyed) requests.set(socket, undefined);
    });
  });
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function silentOne(requests: ReadonlyMap<Socket, IncomingMessage | undefined>): Socket | undefined {
  for (const [socket, request] of requests) {
    if (!socket.destroyed && !(request?.complete ?? false)) return socket;
  }
  return undefined;
}
