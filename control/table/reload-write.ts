import { isDeepStrictEqual } from "node:util";
import { ValidationError } from "../base/errors.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import type { DesiredTable, DocumentChanges } from "./desired-table.ts";
import { mergeDocument } from "./merge-document.ts";
import { asStored } from "./service-writes.ts";
import type { WriteContext } from "./table-sink.ts";
import type { Write, Written } from "./table-write.ts";

type Documents = Readonly<Record<string, ServiceDocument>>;

/** A configuration file's services, read again. */
export type FileChange = {
  /** As the file was when it was read last. */
  readonly before: Documents;
  readonly next: Documents;
  /**
   * Services to put back exactly as the file has them, whatever anybody has done to them. `*`: all.
   */
  readonly restore: readonly string[];
};

/** What a reload does to the services, or would do. All are names. */
export type ReloadedServices = {
  readonly replaced: readonly string[];
  readonly removed: readonly string[];
  /** Services of the file that somebody has removed since: only `restore` brings them back. */
  readonly absent: readonly string[];
  /** Services that are not as the file has them, because they have been changed since. */
  readonly differing: readonly string[];
};

/** A service that neither file nor table knows yet. */
const NO_SERVICE: ServiceDocument = { versions: {} };

/**
 * Brings what has changed in the file into the table: see mergeDocument(). All filters' files are
 * read again. @throws ValidationError for a `restore` that the file does not have.
 */
export function reloadWrite(file: FileChange, context: WriteContext): Write {
  const unknown = file.restore.filter((name) => name !== "*" && !Object.hasOwn(file.next, name));
  if (unknown.length > 0) {
    const wanted = "services of the configuration file, or *";
    const found = unknown.map((name) => JSON.stringify(name)).join(", ");
    throw new ValidationError("restore", [{ path: "", wanted, found }]);
  }
  return { action: "reload", context, fresh: "*", edit: (table) => fileChanges(table, file) };
}

/** What came of a reload of this file, or would. */
export function reloadedServices(
  { before, after, names }: Written,
  { next }: FileChange,
): ReloadedServices {
  const inFile = Object.entries(next);
  return {
    replaced: names.filter((name) => after.documents.has(name)),
    removed: names.filter((name) => before.documents.has(name) && !after.documents.has(name)),
    absent: inFile.map(([name]) => name).filter((name) => !after.documents.has(name)),
    differing: inFile
      .filter(([name, document]) => {
        const live = after.documents.get(name);
        return live !== undefined && !isDeepStrictEqual(live, asStored(document));
      })
      .map(([name]) => name),
  };
}

function fileChanges({ documents }: DesiredTable, file: FileChange): DocumentChanges {
  const before = new Map(Object.entries(file.before));
  const next = new Map(Object.entries(file.next));
  const gone = [...before.keys()].filter((name) => !next.has(name) && documents.has(name));
  const changes = new Map<string, ServiceDocument | undefined>(
    gone.map((name) => [name, undefined]),
  );
  for (const [name, document] of next) {
    const live = documents.get(name);
    const old = before.get(name);
    if (file.restore.includes(name) || file.restore.includes("*")) {
      changes.set(name, asStored(document));
    } else if (!isDeepStrictEqual(old, document) && (live !== undefined || old === undefined)) {
      const merged =
        live === undefined ? document : mergeDocument(old ?? NO_SERVICE, document, live);
      changes.set(name, asStored(merged));
    }
  }
  return changes;
}
