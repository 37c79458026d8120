// node-origin.cjs PORT: an application of node:http.
const { createServer } = require("node:http");

const server = createServer((request, response) => {
  if (request.url === "/refuse") {
    // Answers without reading the body, and closes.
    response.writeHead(413, { connection: "close" }).end("too large", () => request.destroy());
    return;
  }
  if (request.url.startsWith("/bytes/")) {
    response.end(Buffer.alloc(Number(request.url.slice(7)), "x"));
    return;
  }
  let bytes = 0;
  request.on("data", (chunk) => (bytes += chunk.length));
  request.on("end", () => response.end(request.url === "/length" ? String(bytes) : "hello"));
});
server.listen(Number(process.argv[2]), "127.0.0.1");
