import { describe, expect, test } from "vitest";
import { ValidationError } from "../../../control/base/errors.ts";
import type { Service } from "../../../control/config/service.ts";
import { putWrite } from "../../../control/table/service-writes.ts";
import type { TableCertificates } from "../../../control/table/table-certificates.ts";
import { ANY, shop, started, web } from "../../support/started-services.ts";

describe("A service whose certificate cannot be used", () => {
  const problems = [{ path: "upstream.tls.ca", wanted: "a file", found: "ENOENT" }];
  const certificates: TableCertificates = {
    add: async () => undefined,
    check: async (name: string, { debug }: Service) => {
      if (debug) throw new ValidationError(`service ${name}`, problems);
    },
  };
  const bad = { ...web, debug: true };

  test("is refused before it is stored, and in a preview", async () => {
    const { services, steps } = await started({ web, shop }, { certificates });
    steps.length = 0;
    await expect(services.put("web", bad, ANY)).rejects.toThrow("upstream.tls.ca");
    const preview = services.preview(putWrite("web", bad, ANY));
    await expect(preview).rejects.toThrow("upstream.tls.ca");
    await services.shift("web", { v2: 30 }, ANY);
    expect(steps[0]).toBe("save 2");
  });

  test("is no first table", async () => {
    await expect(started({ web: bad }, { certificates })).rejects.toThrow("upstream.tls.ca");
  });

  test("is followed when it comes from the store, as it is there already", async () => {
    const stored = { revision: 7, services: { web: bad } };
    const { services } = await started({}, { certificates, stored });
    expect(services.names()).toEqual(["web"]);
  });
});
