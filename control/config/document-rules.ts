import { dirname, normalize, resolve } from "node:path";
import { reachesBind } from "./bind-reach.ts";
import type { Config } from "./config-schema.ts";
import { variablesIn } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { ownBinds } from "./own-binds.ts";
import { serviceBelow } from "./floor.ts";
import type { Floor } from "./floor.ts";
import { ownEndpoints } from "./own-endpoints.ts";
import type { CrossProblem } from "./cross-problem.ts";
import type { Service, ServiceVersion } from "./service.ts";
import { CONNECT_IDENTITY, pathsOf } from "./tls-files.ts";
import type { TlsFiles } from "./tls-files.ts";

/** The part of a configuration that says what documents may do. */
export type RulingConfig = Pick<
  Config,
  | "listeners"
  | "listenerFiles"
  | "control"
  | "metrics"
  | "store"
  | "services"
  | "documents"
  | "consul"
  | "require"
>;

type State = {
  readonly environment: Environment;
  readonly binds: readonly string[];
  /** Paths of sockets. */
  readonly sockets: ReadonlySet<string>;
  readonly folders: readonly string[];
  /** Paths of certificates, keys and roots. */
  readonly certificates: ReadonlySet<string>;
  readonly certificateFolders: readonly string[];
  /** Whether we are somebody in Consul's mesh. */
  readonly isInMesh: boolean;
  readonly floor: Floor;
};

/**
 * What the configuration file lets documents do, wherever they come from: the file itself, the API,
 * or a store that others write to.
 */
export class DocumentRules {
  readonly #environment: Environment;
  readonly #base: string;
  #state: State;

  /**
   * `environment`: this process's own. `base`: the file's folder, where its relative paths begin.
   */
  constructor(config: RulingConfig, environment: Environment, base = ".") {
    this.#environment = environment;
    this.#base = resolve(base);
    this.#state = stateOf(config, environment, this.#base);
  }

  /** The file has been read again. */
  follow(config: RulingConfig): void {
    this.#state = stateOf(config, this.#environment, this.#base);
  }

  /**
   * The variables that documents may use. Others can write to a store in Consul, so that a table
   * from there gets only those that the services of the file use themselves.
   */
  get environment(): Environment {
    return this.#state.environment;
  }

  /**
   * What a document must not have: endpoints, files that it may not have read, and whatever is
   * below the file's floor.
   */
  check(name: string, service: Service): CrossProblem[] {
    const { versions, upstreamTls } = service;
    const { binds } = this.#state;
    return [
      ...this.below(name, service),
      ...ownEndpoints(versions, binds),
      ...versions.flatMap((each) => this.#sockets(each)),
      ...(upstreamTls === undefined ? [] : this.#certificates(upstreamTls.files)),
      ...this.#mesh(upstreamTls),
    ];
  }

  /** Our bind at which a connection to this (canonical) endpoint ends. undefined: none. */
  ownBindOf(address: string): string | undefined {
    return this.#state.binds.find((bind) => reachesBind(address, bind));
  }

  /** What in a service that is in force already is below the file's floor. */
  below(name: string, service: Service): CrossProblem[] {
    return serviceBelow(this.#state.floor, name, service);
  }

  /** Nobody could connect: endpoints in the mesh ask who we are. */
  #mesh(upstreamTls: Service["upstreamTls"]): CrossProblem[] {
    const isWanted = upstreamTls?.tls.identity === CONNECT_IDENTITY;
    if (!isWanted || this.#state.isInMesh) return [];
    const wanted = "consul.connect in the configuration file, which says who we are in the mesh";
    return [{ path: ["upstream", "connect"], wanted, found: "no consul.connect" }];
  }

  /** Whoever may name any file learns which there are, and can use keys meant for others. */
  #certificates({ certificates: [pair], ca }: TlsFiles): CrossProblem[] {
    const named = Object.entries({ ca, cert: pair?.cert, key: pair?.key });
    return named.flatMap(([name, path]): CrossProblem[] => {
      if (path === undefined || this.#mayRead(path)) return [];
      const wanted =
        "a file in one of control.certificateFolders, or one that the file names itself";
      return [{ path: ["upstream", "tls", name], wanted, found: JSON.stringify(path) }];
    });
  }

  #mayRead(path: string): boolean {
    const { certificates, certificateFolders } = this.#state;
    const whole = resolve(this.#base, path);
    return certificates.has(whole) || certificateFolders.some((each) => isBelow(whole, each));
  }

  /** A socket may lead to any program of this machine, so the file must have allowed it. */
  #sockets({ name, source }: ServiceVersion): CrossProblem[] {
    if (source.kind !== "static") return [];
    return source.endpoints.flatMap(({ address }, index): CrossProblem[] => {
      if (!address.startsWith("unix:") || this.#isAllowed(address.slice(5))) return [];
      const path = ["versions", name, "endpoints", index];
      const wanted = "a socket in one of control.socketFolders, or one that the file names itself";
      return [{ path, wanted, found: JSON.stringify(address) }];
    });
  }

  #isAllowed(path: string): boolean {
    const { sockets, folders } = this.#state;
    const real = normalize(path);
    return sockets.has(real) || folders.some((folder) => isBelow(dirname(real), folder));
  }
}

function stateOf(config: RulingConfig, environment: Environment, base: string): State {
  const { control, listenerFiles, store, services, documents, consul } = config;
  const ofServices = Object.values(services).flatMap((each) => each.upstreamTls?.files ?? []);
  const certificates = [...listenerFiles, ...ofServices].flatMap(pathsOf);
  return {
    environment: store.kind === "consul" ? only(environment, documents) : environment,
    binds: ownBinds(config).map(({ bind }) => bind),
    sockets: new Set(Object.values(services).flatMap(socketsOf)),
    folders: control.socketFolders.map((folder) => normalize(`${folder}/`).slice(0, -1)),
    certificates: new Set(certificates.map((path) => resolve(base, path))),
    certificateFolders: control.certificateFolders.map((folder) => resolve(base, folder)),
    isInMesh: consul?.connect !== undefined,
    floor: config.require,
  };
}

function only(environment: Environment, documents: RulingConfig["documents"]): Environment {
  return Object.fromEntries(variablesIn(documents).map((name) => [name, environment[name]]));
}

function socketsOf({ versions }: Service): readonly string[] {
  return versions.flatMap(({ source }) =>
    source.kind !== "static"
      ? []
      : source.endpoints
          .filter(({ address }) => address.startsWith("unix:"))
          .map(({ address }) => normalize(address.slice(5))),
  );
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
