import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const LOADER = new URL("../../../proxy/filters/module-loader.ts", import.meta.url).href;

/** Runs a script that has a loader, and `code(text, name)`, in a process of Node's own. */
async function run(script: string): Promise<unknown> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "helper.ts"), "export const helped: string = 'helped';");
  const path = join(folder, "script.mjs");
  const url = JSON.stringify(pathToFileURL(folder).href);
  await writeFile(
    path,
    `import { ImportingLoader } from ${JSON.stringify(LOADER)};
     const loader = new ImportingLoader();
     const code = (text, name = "a.ts", hash = text) =>
       ({ kind: "code", url: ${url} + "/" + name, hash: encodeURIComponent(hash), text });
     const load = (...args) => loader.load(code(...args));
     const result = await (async () => { ${script} })();
     console.log(JSON.stringify(result));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [path]);
  return JSON.parse(stdout);
}

// One process for all of it: to start one takes most of the time.
test("ImportingLoader.load() runs the text that it is given, and not what is on disk", async () => {
  const seen = await run(`
    const typed = await load("export const version: string = '1' as string;");
    const plain = await load("export const version = '2';", "b.js");
    const imports = await load(
      "import { join } from 'node:path'; import { helped } from './helper.ts';" +
      "export const both = join(helped, 'x');",
    );
    const first = await load("export const made = {};");
    const again = await load("export const made = {};");
    const wrong = await load("export const = 1;").catch((error) => error.name);
    const types = await load("export const version: string = '1';", "c.js")
      .catch((error) => error.name);
    globalThis.tries = 0;
    const flaky = "globalThis.tries += 1; const at = globalThis.tries;" +
      "if (at < 3) throw new Error('not yet ' + at); export const version = '3';";
    const tries = [];
    for (let at = 0; at < 4; at += 1) {
      tries.push(await load(flaky).then(({ version }) => version, (error) => error.message));
    }
    return {
      typed: typed.version, plain: plain.version, both: imports.both,
      isSame: first.made === again.made, wrong, types, tries,
    };
  `);
  expect(seen).toEqual({
    typed: "1",
    plain: "2",
    both: join("helped", "x"),
    isSame: true,
    wrong: "SyntaxError",
    types: "SyntaxError",
    tries: ["not yet 1", "not yet 2", "3", "3"],
  });
});
