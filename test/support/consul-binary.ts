import { execFile } from "node:child_process";
import { hash } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What the package below holds, and the oldest release that the tests are known to pass with. */
const CONSUL_VERSION = "1.8.7";
/** The last Debian with a package of Consul; later ones run its binary as it is. */
const DEBIAN_SUITE = "bullseye";
const DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** For a download of 15 MB; if it takes longer than this, there is no way to get it. */
const FETCH_TIMEOUT_MS = 120_000;

/**
 * A real Consul for tests: CONSUL_BIN, PATH, the cache folder, or fetched into the cache.
 * undefined on a machine where it cannot be had, which is reported loudly; in CI it is an error.
 */
export async function consulForTests(): Promise<string | undefined> {
  try {
    return (await installedConsul()) ?? (await fetchConsul());
  } catch (error) {
    const message = `Cannot get a Consul agent for the tests: ${String(error)}`;
    if (process.env["CI"] === "true") throw new Error(message, { cause: error });
    process.stderr.write(
      `\n*** ${message}\n*** SKIPPED: all tests that need Consul. Set CONSUL_BIN.\n`,
    );
    return undefined;
  }
}

function cacheFolder(): string {
  const base = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(base, "sluice", `consul-${CONSUL_VERSION}`);
}

async function installedConsul(): Promise<string | undefined> {
  const named = process.env["CONSUL_BIN"];
  if (named !== undefined && named !== "") return named;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), cacheFolder()];
  for (const folder of folders) {
    const file = join(folder, "consul");
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

/** Works beside the cache and renames at the end, so test files may fetch it at the same time. */
async function fetchConsul(): Promise<string> {
  await mkdir(cacheFolder(), { recursive: true });
  const folder = await mkdtemp(join(cacheFolder(), "fetch-"));
  try {
    const found = (await debianMirror().catch(() => undefined)) ?? "";
    const file = found === "" ? await fromRelease(folder) : await fromDebian(folder, found);
    const target = join(cacheFolder(), "consul");
    await rename(file, target);
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The mirror that this machine's own apt sources name. */
async function debianMirror(): Promise<string | undefined> {
  const { stdout } = await run("apt-get", [
    "indextargets",
    "--format",
    "$(REPO_URI)",
    "Created-By: Packages",
  ]);
  return stdout.split("\n").find((uri) => /\/debian\/?$/.test(uri));
}

/**
 * apt checks the index's signature, and through it the package's SHA-256. Needs no root and
 * installs nothing.
 */
async function fromDebian(folder: string, mirror: string): Promise<string> {
  const at = (name: string): string => join(folder, name);
  await mkdir(at("lists/partial"), { recursive: true });
  await mkdir(at("cache/archives/partial"), { recursive: true });
  await writeFile(
    at("sources"),
    `deb [signed-by=${DEBIAN_KEYRING}] ${mirror} ${DEBIAN_SUITE} main\n`,
  );
  const options = [
    `Dir::Etc::sourcelist=${at("sources")}`,
    "Dir::Etc::sourceparts=/dev/null",
    `Dir::State::lists=${at("lists")}`,
    `Dir::Cache=${at("cache")}`,
    `APT::Sandbox::User=${process.env["USER"] ?? "root"}`,
  ].flatMap((option) => ["-o", option]);
  const apt = { cwd: folder, timeout: FETCH_TIMEOUT_MS };
  await run("apt-get", [...options, "-qq", "update"], apt);
  await run("apt-get", [...options, "-qq", "download", "consul"], apt);
  const archive = (await readdir(folder)).find((name) => name.endsWith(".deb"));
  if (archive === undefined) throw new Error(`Debian ${DEBIAN_SUITE} has no package consul here`);
  await run("dpkg-deb", ["-x", at(archive), at("root")]);
  return at("root/usr/bin/consul");
}

/** HashiCorp's own zip, checked against the list of checksums beside it. */
async function fromRelease(folder: string): Promise<string> {
  const base = `https://releases.hashicorp.com/consul/${CONSUL_VERSION}`;
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const name = `consul_${CONSUL_VERSION}_${process.platform}_${architecture}.zip`;
  const zip = await fetchBytes(`${base}/${name}`);
  const sums = (await fetchBytes(`${base}/consul_${CONSUL_VERSION}_SHA256SUMS`)).toString();
  if (!sums.includes(`${hash("sha256", zip)}  ${name}`)) throw new Error(`${name} is damaged`);
  await writeFile(join(folder, name), zip);
  await run("unzip", ["-q", name, "consul"], { cwd: folder });
  return join(folder, "consul");
}

async function fetchBytes(url: string): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
