import { importsOf } from "./source-files.ts";
import type { SourceFile } from "./source-files.ts";

/** A row of the table of rooms in ARCHITECTURE.md. */
export type Room = {
  /** `proxy/table`; `proxy/worker.ts` and `control/main.ts` are rooms of one file. */
  readonly name: string;
  /** Rooms that it imports. */
  readonly imports: readonly string[];
  /** Modules of Node: all, those that do no I/O and know no time, or none. */
  readonly node: "all" | "pure" | "none";
  readonly libraries: boolean;
};

/** Modules of Node that do I/O or know the time. */
const IMPURE = /^node:(?:net|fs|http|https|http2|timers|dgram|dns|tls|child_process|cluster)\b/;

/** The rooms, from the section of ARCHITECTURE.md: rows of three columns that begin with a path. */
export function readRooms(architecture: string): readonly Room[] {
  const start = architecture.indexOf("\n## Rooms\n");
  const section = architecture.slice(start, architecture.indexOf("\n## ", start + 1));
  const rows = section.matchAll(
    /^\| `((?:proxy|control)\/[\w./-]+?)\/?` \| [^|]+ \| ([^|]+) \|$/gm,
  );
  return [...rows].map(([, name = "", cell = ""]) => {
    const side = name.slice(0, name.indexOf("/"));
    const words = cell.split(",").map((word) => word.trim().replaceAll("`", ""));
    const rooms = words.filter((word) => /^[a-z]/.test(word) && !PLAIN_WORDS.has(word));
    return {
      name,
      imports: rooms.map((room) => (room.includes("/") ? room : `${side}/${room}`)),
      node: words.includes("node") ? "all" : words.includes("pure node") ? "pure" : "none",
      libraries: words.includes("libraries"),
    };
  });
}

const PLAIN_WORDS = new Set(["node", "pure node", "libraries"]);

/** The room of a file: its folder below proxy/ or control/, or the file itself if it is there. */
function roomOf(path: string): string {
  return path.split("/").slice(0, 2).join("/");
}

/** What a file imports although the row of its room does not allow it, as sentences. */
export function trespasses(file: SourceFile, rooms: readonly Room[]): readonly string[] {
  const room = rooms.find(({ name }) => name === roomOf(file.path));
  if (room === undefined)
    return [`${file.path} stands in a room that ARCHITECTURE.md does not name`];
  return importsOf(file)
    .filter((target) => !mayImport(room, target))
    .map((target) => `${file.path} imports ${target}`);
}

function mayImport(room: Room, target: string): boolean {
  if (/^(?:proxy|control)\//.test(target)) {
    return roomOf(target) === room.name || room.imports.includes(roomOf(target));
  }
  if (target.startsWith("node:")) {
    return room.node === "all" || (room.node === "pure" && !IMPURE.test(target));
  }
  return room.libraries && !/^(?:bench|test)\//.test(target);
}

/** Permissions that nobody uses, as `room: imported room`. */
export function unusedPermissions(
  rooms: readonly Room[],
  files: readonly SourceFile[],
): readonly string[] {
  const used = new Set(
    files.flatMap((file) => importsOf(file).map((to) => `${roomOf(file.path)}: ${roomOf(to)}`)),
  );
  const permitted = rooms.flatMap(({ name, imports }) => imports.map((to) => `${name}: ${to}`));
  return permitted.filter((each) => !used.has(each));
}

/** Rows that import a room above themselves: rooms may only import those further down. */
export function rowsThatRunUp(rooms: readonly Room[]): readonly string[] {
  const names = rooms.map(({ name }) => name);
  return rooms.flatMap(({ name, imports }, at) =>
    imports.filter((to) => names.indexOf(to) <= at).map((to) => `${name}: ${to}`),
  );
}
