import type { AccessEntry } from "../../../proxy/access-log/entry.ts";

/** A usual exchange, except for what a test is about. */
export function accessEntry(about: Partial<AccessEntry> = {}): AccessEntry {
  return {
    isError: false,
    client: "192.0.2.1",
    protocol: "HTTP/1.1",
    method: "GET",
    host: "web",
    path: "/a",
    query: "token=secret",
    status: 200,
    grpcStatus: "",
    error: "",
    flags: "",
    durationMs: 1.23456,
    firstByteMs: 1,
    requestBytes: 0,
    responseBytes: 512,
    service: "web",
    version: "v1",
    endpoint: "10.0.0.5:3000",
    attempts: 1,
    requestId: "id-1",
    traceId: "",
    userAgent: 'curl/8 "x"',
    referer: "https://me:pw@shop.example/x?token=secret#y",
    serverName: "",
    ...about,
  };
}
