import { createServer } from "node:net";

/**
 * A process that listens on the socket or path that it is sent, tells so, and waits for its end.
 */
process.once("message", (message: "listen" | { readonly path: string }, handle: unknown) => {
  const server = createServer();
  server.listen(message === "listen" ? (handle as never) : message, () => {
    process.send?.("listening");
  });
});
