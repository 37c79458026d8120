/**
 * The version of HTTP that a message came in, as Via names it (RFC 9110 section 7.6.3). 1.0 knows
 * neither chunks nor interim responses, and its connections end by default.
 */
export type HttpVersion = "1.0" | "1.1" | "2.0";
