import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

/*
 * `npm run build:deb`: makes a package for Debian and its like of what `npm run build` has made and
 * of the Node that npm has brought, for this machine's kind of processor. DPKG_DEB_COMPRESSOR_TYPE
 * is dpkg-deb's own variable.
 */

/** Debian's names of processors, by Node's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** Where the program is: as npm would have installed it, so that it finds its Node. */
const HOME = "usr/lib/sluice";

const SHELLS = {
  bash: "usr/share/bash-completion/completions/sluice",
  zsh: "usr/share/zsh/vendor-completions/_sluice",
  fish: "usr/share/fish/vendor_completions.d/sluice.fish",
} as const;

/** Puts files where they will be, below a folder that stands for the system's root. */
class Tree {
  readonly root = mkdtempSync(join(tmpdir(), "sluice-deb-"));

  write(path: string, content: string | Uint8Array, mode = 0o644): void {
    const target = this.#made(path);
    writeFileSync(target, content);
    chmodSync(target, mode);
  }

  copy(from: string, path: string, mode = 0o644): void {
    this.write(path, readFileSync(from), mode);
  }

  link(target: string, path: string): void {
    symlinkSync(target, this.#made(path));
  }

  /** In KiB, as Debian counts it. */
  size(): number {
    const entries = readdirSync(this.root, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const sizes = files.map(({ parentPath, name }) => statSync(join(parentPath, name)).size);
    return Math.ceil(sizes.reduce((sum, each) => sum + each, 0) / 1024);
  }

  #made(path: string): string {
    const target = join(this.root, path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    return target;
  }
}

/** What the program itself prints. */
function printed(...args: readonly string[]): string {
  const program = "dist/control/cli/main.js";
  return execFileSync(process.execPath, [program, ...args], { encoding: "utf8" });
}

function addProgram(tree: Tree): void {
  cpSync("dist", join(tree.root, HOME, "dist"), { recursive: true });
  tree.copy("dist/sluice", `${HOME}/dist/sluice`, 0o755);
  tree.copy("package.json", `${HOME}/package.json`);
  tree.link("../lib/sluice/dist/sluice", "usr/bin/sluice");
  const node = `node_modules/node-linux-${process.arch}`;
  tree.copy(`${node}/bin/node`, `${HOME}/${node}/bin/node`, 0o755);
  tree.copy(`${node}/LICENSE`, `${HOME}/${node}/LICENSE`);
}

/** What explains the program, to people, shells and editors. */
function addHelp(tree: Tree): void {
  tree.write("usr/share/man/man1/sluice.1.gz", gzipSync(readFileSync("dist/sluice.1")));
  tree.write("usr/share/sluice/sluice.schema.json", printed("schema"));
  for (const [shell, path] of Object.entries(SHELLS))
    tree.write(path, printed("completion", shell));
  tree.copy("dist/licenses.txt", "usr/share/doc/sluice/copyright");
}

function addService(tree: Tree): void {
  tree.copy("control/packaging/sluice.service", "usr/lib/systemd/system/sluice.service");
  tree.copy("control/packaging/sluice.yaml", "etc/sluice/sluice.yaml");
  tree.write("DEBIAN/conffiles", "/etc/sluice/sluice.yaml\n");
  for (const script of ["postinst", "prerm", "postrm"]) {
    tree.copy(`control/packaging/${script}.sh`, `DEBIAN/${script}`, 0o755);
  }
}

function controlText(version: string, architecture: string, size: number): string {
  return [
    "Package: sluice",
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    `Installed-Size: ${size}`,
    // What the Node that npm brings is linked to.
    "Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6, libatomic1, passwd",
    "Recommends: systemd",
    "Section: net",
    "Priority: optional",
    "Maintainer: Sluice's maintainers <sluice@localhost>",
    "Description: sidecar that shifts traffic between versions of a service",
    " It splits requests and connections by weights, rolls new versions out by what",
    " their requests show, and drops nothing on the way. Brings its own Node.",
    "",
  ].join("\n");
}

function main(): void {
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined) throw new Error(`Cannot build for ${process.arch}`);
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  const tree = new Tree();
  try {
    addProgram(tree);
    addHelp(tree);
    addService(tree);
    tree.write("DEBIAN/control", controlText(version, architecture, tree.size()));
    chmodSync(tree.root, 0o755);
    const file = `sluice_${version}_${architecture}.deb`;
    execFileSync("dpkg-deb", ["--root-owner-group", "--build", tree.root, file]);
    process.stdout.write(`${file}\n`);
  } finally {
    rmSync(tree.root, { recursive: true });
  }
}

main();
