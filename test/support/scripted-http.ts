import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { onTestFinished } from "vitest";

/** A request as it came. */
type Asked = {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** A server that answers with what a test has put into `answers`, one after the other. */
export class ScriptedHttp {
  readonly asked: Asked[] = [];
  /** The last one is repeated. undefined: it never answers. */
  answers: readonly (readonly [status: number, body: string] | undefined)[] = [[200, ""]];
  #url = "";

  /** Listens until the test has ended. */
  static async start(): Promise<ScriptedHttp> {
    const scripted = new ScriptedHttp();
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { url: path = "", headers } = request;
        scripted.asked.push({ path, headers, body: Buffer.concat(chunks).toString() });
        const answer = scripted.answers.at(scripted.asked.length - 1) ?? scripted.answers.at(-1);
        if (answer === undefined) return;
        response.writeHead(answer[0], { location: "/elsewhere" }).end(answer[1]);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("It has no port");
    scripted.#url = `http://127.0.0.1:${address.port}`;
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return scripted;
  }

  get url(): string {
    return this.#url;
  }
}
