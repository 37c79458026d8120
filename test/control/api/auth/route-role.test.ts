import fastify from "fastify";
import { expect, test } from "vitest";
import { demandRoles } from "../../../../control/api/auth/route-role.ts";

test("demandRoles() lets no route register that does not say who may call it", async () => {
  const app = fastify();
  demandRoles(app);
  app.get("/known", { config: { role: "read" } }, async () => ({}));
  app.register(async (inner) => {
    inner.post("/unknown", async () => ({}));
  });
  await expect(app.ready()).rejects.toThrow(
    "Cannot register POST /unknown: wanted a role in its config, found none",
  );
});
