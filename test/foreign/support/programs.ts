import { accessSync, constants, globSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the tests' own programs and requirements are. */
export const FOREIGN_FOLDER = fileURLToPath(new URL("..", import.meta.url));

/** What is installed for the tests alone, kept from run to run. Ours to write and to delete. */
export const FOREIGN_CACHE = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "sluice",
  "foreign",
);

/** The folder of the virtual environment with requirements.txt. */
export const PYTHON_FOLDER = join(FOREIGN_CACHE, "python");

/** The folder of the packages of Node in package-lock.json. */
export const NODE_FOLDER = join(FOREIGN_CACHE, "node");

/** The folder of the compiled programs of programs/go/. */
export const GO_FOLDER = join(FOREIGN_CACHE, "go-programs");

/** Lets programs of Node that the tests bring require those packages. */
export const NODE_ENVIRONMENT = { NODE_PATH: join(NODE_FOLDER, "node_modules") };

/** Folders that hold servers on Debian and are not on every user's PATH. */
const SERVER_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/usr/lib/podman"];

/** Where Debian has PostgreSQL, one for each version. */
const POSTGRES_FOLDERS = "/usr/lib/postgresql/*/bin";

/** A program of the system, and Debian's package that has it. */
export const SYSTEM_PROGRAMS: Readonly<Record<string, string>> = {
  curl: "curl",
  nginx: "nginx-light",
  haproxy: "haproxy",
  php: "php-cli",
  go: "golang-go",
  java: "default-jre-headless",
  unshare: "util-linux",
  "systemd-notify": "systemd",
  "dpkg-deb": "dpkg",
  zsh: "zsh",
  fish: "fish",
  testssl: "testssl.sh",
  "redis-server": "redis-server",
  "redis-benchmark": "redis-tools",
  initdb: "postgresql",
  nghttp: "nghttp2-client",
  h2load: "nghttp2-client",
  nghttpd: "nghttp2-server",
  "chromium-headless-shell": "chromium-headless-shell",
  prometheus: "prometheus",
  promtool: "prometheus",
  caddy: "caddy",
  shellcheck: "shellcheck",
  "docker-compose": "docker-compose",
  podman: "podman",
  runc: "runc",
  netavark: "netavark",
  "aardvark-dns": "aardvark-dns",
  catatonit: "catatonit",
  iptables: "iptables",
  ip: "iproute2",
};

/** What a test can ask for beside those of the system. */
const OWN_PROGRAMS: Readonly<Record<string, string>> = {
  python: join(PYTHON_FOLDER, "bin", "python"),
  gunicorn: join(PYTHON_FOLDER, "bin", "gunicorn"),
  envoy: join(PYTHON_FOLDER, "bin", "envoy"),
  hypercorn: join(PYTHON_FOLDER, "bin", "hypercorn"),
  "express-ntlm": join(NODE_FOLDER, "node_modules", "express-ntlm"),
  "socket.io": join(NODE_FOLDER, "node_modules", "socket.io"),
  "grpc-js": join(NODE_FOLDER, "node_modules", "@grpc", "grpc-js"),
  "http2-client": join(GO_FOLDER, "http2-client"),
  "http2-origin": join(GO_FOLDER, "http2-origin"),
  "grpc-client": join(GO_FOLDER, "grpc-client"),
  "grpc-origin": join(GO_FOLDER, "grpc-origin"),
  numbers: join(GO_FOLDER, "numbers"),
  "otlp-receiver": join(GO_FOLDER, "otlp-receiver"),
  hclfmt: join(GO_FOLDER, "hclfmt"),
  "nomad-job": join(GO_FOLDER, "nomad-job"),
  h2spec: join(GO_FOLDER, "h2spec"),
};

/** Path of a program. undefined: this machine has none. */
export function findProgram(name: string): string | undefined {
  const own = OWN_PROGRAMS[name];
  if (own !== undefined) return isExecutable(own) ? own : undefined;
  const onPath = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const servers = [...SERVER_FOLDERS, ...globSync(POSTGRES_FOLDERS)];
  const folders = [...onPath, ...servers, join(FOREIGN_CACHE, "docker", "usr", "bin")];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Path of a program. @throws when this machine has none. */
export function program(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`Cannot find ${name}: see what the installation said`);
  return path;
}

/** Whether one of them is not here: the test is skipped, which the installation has said loudly. */
export function isMissing(...names: readonly string[]): boolean {
  return names.some((name) => findProgram(name) === undefined);
}

/** Path of one of the programs that the tests bring. */
export function ownProgram(name: string): string {
  return join(FOREIGN_FOLDER, "programs", name);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
