import { hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { ControlError } from "../base/errors.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** The files that the page is made of, with their media types. */
const TYPES = {
  "index.html": "text/html; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
} as const;

/** The name of one of them. */
export type PageFileName = keyof typeof TYPES;

/** A file of the page, as it is sent. */
export type PageFile = {
  readonly type: string;
  /** A strong entity tag (RFC 9110 section 8.8.3): a digest of the content. */
  readonly tag: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
};

/**
 * The page for people, read once for all: a release that is put in its place meanwhile must not mix
 * with it.
 */
export class PageFiles {
  readonly #folder: string;
  #read: Promise<Readonly<Record<PageFileName, PageFile>>> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** One of its files. @throws ControlError page_missing; it is looked for again then. */
  async get(name: PageFileName): Promise<PageFile> {
    this.#read ??= readAll(this.#folder);
    try {
      return (await this.#read)[name];
    } catch (error) {
      this.#read = undefined;
      throw pageMissing(errorText(error));
    }
  }
}

async function readAll(folder: string): Promise<Readonly<Record<PageFileName, PageFile>>> {
  const [page, style, script] = await Promise.all([
    readPageFile(folder, "index.html"),
    readPageFile(folder, "page.css"),
    readPageFile(folder, "page.js"),
  ]);
  return { "index.html": page, "page.css": style, "page.js": script };
}

async function readPageFile(folder: string, name: PageFileName): Promise<PageFile> {
  const plain = await readFile(join(folder, name));
  const tag = `"${hash("sha256", plain, "base64url").slice(0, 22)}"`;
  return { type: TYPES[name], tag, plain, gzipped: await promisify(gzip)(plain) };
}

/** A checkout in which nobody has built the page. */
function pageMissing(found: string): ControlError {
  const wanted = "what `npm run build` makes";
  const message = `Cannot show the page: wanted ${wanted}, found none (${found})`;
  return new ControlError("page_missing", 503, message);
}
