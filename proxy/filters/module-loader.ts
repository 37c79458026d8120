import { registerHooks } from "node:module";
import type { FilterCode } from "../table/filter-spec.ts";

/** Code that exists. */
export type PresentCode = FilterCode & { readonly kind: "code" };

/** Gives what a module exports. */
export interface ModuleLoader {
  /** @throws what the module throws when it is evaluated, or a SyntaxError. */
  load(code: PresentCode): Promise<unknown>;
}

/**
 * Imports modules under their own URL with their hash as query, from the text that the primary has
 * read: all workers, now and after a crash, run the same code, whatever is on disk by then. Node
 * keeps every module for ever, so one text is one module however often it is loaded.
 */
export class ImportingLoader implements ModuleLoader {
  /** What is being imported, by URL. */
  readonly #importing = new Map<string, PresentCode>();
  /** Failed imports. Node remembers these too, and would repeat the failure for ever. */
  readonly #failed = new Map<string, number>();
  #isHooked = false;

  async load(code: PresentCode): Promise<unknown> {
    this.#hook();
    const named = `${code.url}?sluice=${code.hash}`;
    const failures = this.#failed.get(named) ?? 0;
    const url = failures === 0 ? named : `${named}.${failures}`;
    this.#importing.set(url, code);
    try {
      return (await import(url)) as unknown;
    } catch (error) {
      this.#failed.set(named, failures + 1);
      throw error;
    } finally {
      this.#importing.delete(url);
    }
  }

  /** Only a worker that has filters pays for hooks. */
  #hook(): void {
    if (this.#isHooked) return;
    this.#isHooked = true;
    registerHooks({
      resolve: (specifier, context, next) =>
        this.#importing.has(specifier)
          ? { url: specifier, shortCircuit: true }
          : next(specifier, context),
      load: (url, context, next) => {
        const code = this.#importing.get(url);
        if (code === undefined) return next(url, context);
        const format = /\.m?ts$/.test(code.url) ? "module-typescript" : "module";
        return { format, source: code.text, shortCircuit: true };
      },
    });
  }
}
