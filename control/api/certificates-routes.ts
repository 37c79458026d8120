import { z } from "zod";
import { certificateView, certificateViewSchema } from "../views/certificate-view.ts";
import type { CertificateView } from "../views/certificate-view.ts";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";
import { askerOf, reasonHeaders } from "./write-context.ts";

const listSchema = z.object({ certificates: z.array(certificateViewSchema) });

/** `GET /v1/certificates` and `POST /v1/certificates/reload`. */
export function certificatesRoutes(api: Api, deps: ApiDeps): void {
  api.get(
    "/v1/certificates",
    {
      config: { role: "read" },
      schema: {
        summary: "List certificates and roots, where they are used and until when",
        response: { 200: listSchema },
      },
    },
    async () => ({ certificates: viewsOf(deps) }),
  );
  api.post(
    "/v1/certificates/reload",
    {
      config: { role: "admin" },
      schema: {
        summary: "Read certificates, keys and roots again",
        description:
          "Answers once the workers use what has changed. Files that have changed are found " +
          "without this too, some seconds later. Where new ones cannot be used, the old ones " +
          "stay, and `refused` says why.",
        headers: reasonHeaders,
        response: {
          200: listSchema.extend({
            replaced: z.array(z.string()).describe("Ids of those that are others now"),
            refused: z.array(z.object({ certificate: z.string(), reason: z.string() })),
          }),
          ...problemResponses(400, 503),
        },
      },
    },
    async (request, reply) => {
      const { replaced, refused } = await deps.certificates.reload();
      const counts = { replaced: replaced.length, refused: refused.length };
      deps.log.info("certificates.reloaded", { ...askerOf(request), ...counts });
      const certificates = viewsOf(deps);
      return reply.send({ replaced: [...replaced], refused: [...refused], certificates });
    },
  );
}

function viewsOf({ certificates, clock }: ApiDeps): CertificateView[] {
  const nowMs = clock.wallMs();
  return certificates.status().map((each) => certificateView(each, nowMs));
}
