import { Socket } from "node:net";
import { connectSocket } from "./dial.ts";
import { HandleTransport } from "./handle-transport.ts";
import type { ReadBuffers } from "./read-buffers.ts";
import { SocketTransport } from "./socket-transport.ts";
import { streamHandles, takeHandle } from "./stream-handles.ts";
import type { StreamHandle } from "./stream-handles.ts";
import type { ConnectionHandle } from "../base/connection-handle.ts";
import { unmappedAddress } from "../base/unmapped-address.ts";
import type { ConnectionEnds } from "./peer.ts";
import type { TlsClientSide, TlsServerSide } from "./tls-facts.ts";
import { tlsHandles } from "./tls-handles.ts";
import { TlsSocketTransport } from "./tls-socket-transport.ts";
import { TlsTransport } from "./tls-transport.ts";
import type { ConnectTarget, WireTransport, TransportHandler } from "./transport.ts";

/** An established connection: from a listener, or given away by another process. */
export type Accepted = Socket | ConnectionHandle;

/**
 * Takes over an established connection and reads from it. A socket must be paused if it could have
 * read before (`pauseOnConnect`), and nobody else may use it.
 */
export function acceptTransport(
  accepted: Accepted,
  buffers: ReadBuffers,
  handler: TransportHandler,
): WireTransport {
  if (accepted instanceof Socket) {
    const handle = streamHandles === undefined ? undefined : takeHandle(accepted);
    if (handle !== undefined) return HandleTransport.accept(handle, buffers, handler);
    return new SocketTransport(accepted.resume(), handler);
  }
  if (streamHandles !== undefined) {
    return HandleTransport.accept(accepted as StreamHandle, buffers, handler);
  }
  return new SocketTransport(socketOf(accepted), handler);
}

/**
 * As acceptTransport(), for a connection that speaks TLS; onConnect or onClose follows. `read`:
 * what was read of it before.
 */
export function acceptTls(
  accepted: Accepted,
  side: TlsServerSide,
  buffers: ReadBuffers,
  handler: TransportHandler,
  read?: Buffer,
): WireTransport {
  if (tlsHandles === undefined) {
    return TlsSocketTransport.accept(socketOf(accepted), side, handler, read);
  }
  const handle = accepted instanceof Socket ? takeHandle(accepted) : (accepted as StreamHandle);
  if (handle !== undefined) {
    return new TlsTransport({ server: side }, buffers, handler).begin(handle, read);
  }
  // It has gone before anybody could take it.
  return new SocketTransport(accepted as Socket, handler);
}

/** Opens a connection; onConnect or onClose follows. `tls` undefined: in clear. */
export function connectTransport(
  target: ConnectTarget,
  buffers: ReadBuffers,
  handler: TransportHandler,
  tls?: TlsClientSide,
): WireTransport {
  if (tls !== undefined) {
    return tlsHandles === undefined
      ? TlsSocketTransport.connect(connectSocket(target), tls, handler)
      : new TlsTransport({ client: tls }, buffers, handler).dial(target);
  }
  if (streamHandles !== undefined) return HandleTransport.connect(target, buffers, handler);
  return new SocketTransport(connectSocket(target), handler);
}

/** A connection that there will not be: onClose follows with this error. */
export function failedTransport(error: Error, handler: TransportHandler): WireTransport {
  return new SocketTransport(new Socket().destroy(error), handler);
}

/** Closes a connection that nobody has taken over. */
export function closeAccepted(accepted: Accepted): void {
  if (accepted instanceof Socket) accepted.destroy();
  else accepted.close();
}

/** The address of the other side. undefined: it has already gone, or has none (Unix sockets). */
export function remoteAddressOf(accepted: Accepted): string | undefined {
  if (accepted instanceof Socket) return accepted.remoteAddress;
  const name: { address?: string } = {};
  (accepted as StreamHandle).getpeername?.(name);
  return name.address;
}

/** Both ends. undefined: it has none (Unix sockets), or its peer has already gone. */
export function endsOf(accepted: Accepted): ConnectionEnds | undefined {
  const [source, destination] = namesOf(accepted).map(({ address, port }) =>
    address === undefined || port === undefined
      ? undefined
      : { address: unmappedAddress(address), port },
  );
  return source === undefined || destination === undefined ? undefined : { source, destination };
}

type Name = { address?: string | undefined; port?: number | undefined };

/** What the system calls the other end and ours. */
function namesOf(accepted: Accepted): readonly [Name, Name] {
  if (accepted instanceof Socket) {
    const { remoteAddress, remotePort, localAddress, localPort } = accepted;
    return [
      { address: remoteAddress, port: remotePort },
      { address: localAddress, port: localPort },
    ];
  }
  const names: readonly [{ address?: string; port?: number }, { address?: string; port?: number }] =
    [{}, {}];
  (accepted as StreamHandle).getpeername?.(names[0]);
  (accepted as StreamHandle).getsockname?.(names[1]);
  return names;
}

function socketOf(accepted: Accepted): Socket {
  if (accepted instanceof Socket) return accepted;
  const options = { handle: accepted, allowHalfOpen: true, readable: true, writable: true };
  return new Socket(options as object);
}
