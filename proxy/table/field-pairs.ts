import { hashRange } from "./hash.ts";
import type { RequestView } from "./request-view.ts";
import type { PairReader } from "./wanted-pairs.ts";

/** The fields of a request, each with the value that its lines have together. */
export class FieldPairs implements PairReader {
  /** undefined: between two requests. */
  #request: RequestView | undefined;
  #index = -1;
  #value = "";

  begin(request: RequestView): void {
    this.#request = request;
    this.#index = -1;
  }

  next(): boolean {
    this.#index += 1;
    return this.#index < (this.#request?.fields.count ?? 0);
  }

  nameHash(): number {
    return this.#request?.fields.nameHash(this.#index) ?? 0;
  }

  /** Like all header names of a configuration, `name` is in lower case. */
  nameIs(name: string): boolean {
    const value = this.#request?.header(name);
    this.#value = value ?? "";
    return value !== undefined;
  }

  valueHash(): number {
    return hashRange(this.#value, 0, this.#value.length);
  }

  valueIs(value: string): boolean {
    return this.#value === value;
  }

  end(): void {
    this.#request = undefined;
    this.#value = "";
  }
}
