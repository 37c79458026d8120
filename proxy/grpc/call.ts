const MEDIA_TYPE = "application/grpc";

/**
 * Whether a message with this Content-Type is part of a call of gRPC: `application/grpc`, perhaps
 * with the encoding of its messages or parameters behind it. gRPC-Web is another protocol, which
 * needs nothing of us.
 */
export function isGrpc(contentType: string | undefined): boolean {
  if (contentType === undefined || contentType.length < MEDIA_TYPE.length) return false;
  if (contentType.slice(0, MEDIA_TYPE.length).toLowerCase() !== MEDIA_TYPE) return false;
  const next = contentType.charAt(MEDIA_TYPE.length);
  return next === "" || next === "+" || next === ";" || next === " ";
}
