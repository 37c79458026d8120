import { createSocket } from "node:dgram";
import type { RemoteInfo, Socket } from "node:dgram";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { join } from "node:path";

/** What the server says about a name. */
export type Zone = {
  /** IPv4 and IPv6. Absent or empty: the name exists, but has no addresses. */
  readonly addresses?: readonly string[];
  /** Default: 1. */
  readonly ttlSeconds?: number;
  /** No answer at all, or this response code (RFC 1035 section 4.1.1) instead of addresses. */
  readonly fault?: "silent" | "SERVFAIL" | "REFUSED";
};

const TYPES: Readonly<Record<number, "A" | "AAAA">> = { 1: "A", 28: "AAAA" };
const CODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;
const HEAD_BYTES = 12;

/** A small DNS server (RFC 1035) over UDP on a loopback address, for tests. */
export class DnsServer {
  /** By full name, in lower case. A name that is not here is NXDOMAIN. */
  readonly zones = new Map<string, Zone>();
  /** `A web.test`, in the order of arrival. */
  readonly questions: string[] = [];
  /** Answers nobody while it is set. */
  isSilent = false;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (message, from) => this.#hear(message, from));
  }

  static async start(host = "127.0.0.1"): Promise<DnsServer> {
    const socket = createSocket("udp4");
    socket.bind(0, host);
    await once(socket, "listening");
    return new DnsServer(socket);
  }

  /** As it stands in a resolv.conf: `127.0.0.1:40053`. */
  get address(): string {
    const { address, port } = this.#socket.address();
    return `${address}:${port}`;
  }

  /** Writes a resolv.conf and a hosts file; gives the environment in which a sidecar reads them. */
  async environment(folder: string, hosts = ""): Promise<NodeJS.ProcessEnv> {
    const [resolvConf, hostsPath] = [join(folder, "resolv.conf"), join(folder, "hosts")];
    const options = "timeout:1 attempts:1";
    await writeFile(resolvConf, `nameserver ${this.address}\noptions ${options}\n`);
    await writeFile(hostsPath, hosts);
    return { SLUICE_RESOLV_CONF: resolvConf, SLUICE_HOSTS: hostsPath };
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #hear(message: Buffer, from: RemoteInfo): void {
    const { name, end } = readName(message);
    const type = TYPES[message.readUInt16BE(end)];
    this.questions.push(`${type ?? "other"} ${name}`);
    const zone = this.zones.get(name);
    if (this.isSilent || zone?.fault === "silent") return;
    const records = (zone?.addresses ?? [])
      .filter((address) => isIPv6(address) === (type === "AAAA"))
      .map((address) => recordOf(address, zone?.ttlSeconds ?? 1));
    const code = zone === undefined ? "NXDOMAIN" : (zone.fault ?? "NOERROR");
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt16BE(message.readUInt16BE(0), 0);
    head.writeUInt16BE(0x8180 | CODES[code], 2);
    head.writeUInt16BE(1, 4);
    const given = code === "NOERROR" ? records : [];
    head.writeUInt16BE(given.length, 6);
    const question = message.subarray(HEAD_BYTES, end + 4);
    this.#socket.send(Buffer.concat([head, question, ...given]), from.port, from.address);
  }
}

/** The name of the first question, and where its type begins. */
function readName(message: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = HEAD_BYTES;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}

/** Its name is a pointer to the one in the question. */
function recordOf(address: string, ttlSeconds: number): Buffer {
  const data = isIPv6(address) ? v6Bytes(address) : Buffer.from(address.split(".").map(Number));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt16BE(0xc000 | HEAD_BYTES, 0);
  head.writeUInt16BE(isIPv6(address) ? 28 : 1, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttlSeconds, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function v6Bytes(address: string): Buffer {
  const [left = "", right = ""] = address.split("::");
  const [first, last] = [left, right].map((part) => part.split(":").filter((each) => each !== ""));
  const middle = Array.from({ length: 8 - (first?.length ?? 0) - (last?.length ?? 0) }, () => "0");
  const groups = [...(first ?? []), ...middle, ...(last ?? [])];
  return Buffer.from(groups.map((each) => each.padStart(4, "0")).join(""), "hex");
}
