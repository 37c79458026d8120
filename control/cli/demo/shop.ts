import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { systemRandom } from "../../../proxy/base/random.ts";

/**
 * One version of the demo's shop, as a process of its own: `node shop.ts v1`. It tells its parent
 * the port that it listens on, and ends when the parent does, however that ends.
 */

/** How long a page takes: about what a small service does behind its proxy. */
const WORK_MS = 2;

const version = process.argv[2] ?? "v1";

/** Which part of its answers are failures, 0 … 1: with `bad` as second argument. */
const failing = process.argv[3] === "bad" ? 0.2 : 0;
const colour = version === "v1" ? "#1f6feb" : "#1a7f37";

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="1">
<title>Shop ${version}</title>
<style>
  body { margin: 0; height: 100vh; display: grid; place-content: center; text-align: center;
    font: 1.2rem system-ui, sans-serif; color: white; background: ${colour}; }
  h1 { font-size: 6rem; margin: 0; }
</style>
<h1>${version}</h1>
<p>This page is from version ${version} of the shop. It loads again every second.</p>
</html>
`;

const server = createServer((request, response) => {
  request.resume();
  setTimeout(() => {
    const status = systemRandom.next() < failing ? 500 : 200;
    response.writeHead(status, {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-shop-version": version,
    });
    response.end(page);
  }, WORK_MS);
});

server.listen(0, "127.0.0.1", () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});

process.on("disconnect", () => process.exit(0));
