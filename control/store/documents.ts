/** A document as it is kept, with the mark that a compare-and-set compares. */
export type KeptDocument = {
  readonly text: string;
  /** Another one after each save. */
  readonly mark: string;
};

/**
 * Texts that are kept beside the table, by name, each written by itself. Whoever reads them checks
 * them: another version of Sluice, or somebody by hand, may have written them.
 */
export interface Documents {
  /** Everything that is kept. @throws StoreError */
  all(): Promise<ReadonlyMap<string, KeptDocument>>;
  /**
   * Writes a document if it still has this mark (undefined: only if there is none). Gives its new
   * mark; undefined: somebody else was first, and nothing has changed. @throws StoreError
   */
  save(name: string, text: string, mark: string | undefined): Promise<string | undefined>;
  /**
   * Tells of everything that is kept whenever others have written, until `signal` is aborted; then
   * it resolves. Where nobody else can write it only waits. `onChange` must not throw.
   */
  follow(
    onChange: (documents: ReadonlyMap<string, KeptDocument>) => void,
    signal: AbortSignal,
  ): Promise<void>;
}
