import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { MethodNotAllowedError } from "./api-errors.ts";
import type { Api } from "./deps.ts";

/** Adds routes, and to each path a 405 with Allow for the methods that it does not take. */
export function addRoutesOf(app: FastifyInstance, addAll: (api: Api) => void): void {
  const taken = new Map<string, Set<string>>();
  app.register(async (scope) => {
    scope.addHook("onRoute", ({ url, method }) => {
      const methods = taken.get(url) ?? new Set();
      for (const each of [method].flat()) methods.add(each);
      taken.set(url, methods);
    });
    addAll(scope.withTypeProvider<ZodTypeProvider>());
  });
  app.register(async (scope) => {
    for (const [url, methods] of taken) {
      const allow = [...methods].toSorted().join(", ");
      const method = scope.supportedMethods.filter((each) => !methods.has(each));
      const refuse = async (request: { readonly method: string }): Promise<never> => {
        throw new MethodNotAllowedError(request.method, allow);
      };
      // Refused before anybody looks at its body: the method comes first, whatever the body is.
      const route = { url, method, schema: { hide: true }, onRequest: refuse, handler: refuse };
      scope.route({ ...route, config: { role: "read" } });
    }
  });
}
