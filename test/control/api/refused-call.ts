/** As much as fastify knows of a shift of `web` that is refused. */
export const REFUSED_CALL = {
  method: "PATCH",
  params: { service: "web" },
  principal: { actor: "token:ci" },
  routeOptions: { url: "/v1/services/:service/weights" },
  socket: { remoteAddress: "10.0.0.9" },
} as const;
