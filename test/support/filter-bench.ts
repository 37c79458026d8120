import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FilterView } from "../../control/views/filter-view.ts";
import { KeptConnection } from "./kept-connection.ts";
import { startSidecar } from "./sidecar.ts";
import type { TestSidecar } from "./sidecar.ts";

/** What a module says about itself, besides what it does. */
export type ModuleParts = { readonly version?: string; readonly readsState?: readonly string[] };

/**
 * The body of a create() that counts requests; `/count` is answered with how many there were, and
 * does not count itself.
 */
export const COUNTING = `
  let count = 0;
  return {
    request(head: any) {
      if (head.path === "/count") head.answer({ status: 200, body: version + ": " + count });
      else count += 1;
    },
    response: (head: any) => head.setHeader("x-seen-by", version),
    exportState: () => ({ count }),
    importState: (state: { count: number }) => { count = state.count; },
  };`;

/** A folder of modules, and a sidecar that may load them. */
export class FilterBench implements AsyncDisposable {
  readonly folder: string;
  #sidecar: TestSidecar | undefined;

  static async open(): Promise<FilterBench> {
    return new FilterBench(await mkdtemp(join(tmpdir(), "sluice-filters-")));
  }

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** For the configuration of a sidecar that may load the modules. */
  get control(): object {
    return { bind: "127.0.0.1:0", filterFolders: [this.folder] };
  }

  get sidecar(): TestSidecar {
    if (this.#sidecar === undefined) throw new Error("The sidecar has not been started");
    return this.#sidecar;
  }

  get port(): number {
    return this.sidecar.ports[0] ?? 0;
  }

  /** Starts the sidecar. `more`: further keys of its configuration. */
  async start(services: object, more: object = {}): Promise<void> {
    this.#sidecar = await startSidecar({ control: this.control, services, ...more });
  }

  /** Writes a module and gives its path. `body`: of create(options); it can use `version`. */
  async module(name: string, body: string, deps: ModuleParts = {}): Promise<string> {
    const { version = "1", readsState = [] } = deps;
    const path = join(this.folder, `${name}.ts`);
    await writeFile(
      path,
      `export const version: string = ${JSON.stringify(version)};
       export const readsState = ${JSON.stringify(readsState)};
       export function create(options: Record<string, unknown>) {
         ${body}
       }`,
    );
    return path;
  }

  /** What the answer to a GET holds: the whole head, and the body. */
  async get(path = "/", host = "web"): Promise<string> {
    const connection = await KeptConnection.open(this.port);
    const { head, body } = await connection.get(host, path);
    connection.close();
    return `${head}\r\n\r\n${body}`;
  }

  /** Replaces a filter through the API, and gives the answer, whatever it is. */
  async put(name: string, body?: object): Promise<Record<string, unknown>> {
    const response = await this.sidecar.call("PUT", `/v1/filters/${name}`, body);
    return (await response.json()) as Record<string, unknown>;
  }

  /** The filters as the API shows them. */
  async views(): Promise<readonly FilterView[]> {
    const response = await this.sidecar.call("GET", "/v1/filters");
    return ((await response.json()) as { filters: FilterView[] }).filters;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sidecar?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
