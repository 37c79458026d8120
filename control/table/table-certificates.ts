import type { Service } from "../config/service.ts";

/** Certificates, keys and roots that services name by their files. */
export interface TableCertificates {
  /** Whether what a service needs can be used. @throws ValidationError */
  check(name: string, service: Service): Promise<void>;
  /** Brings what these services need to the workers, before the table. Must not reject. */
  add(services: ReadonlyMap<string, Service>): Promise<void>;
}
