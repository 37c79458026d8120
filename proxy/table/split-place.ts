/**
 * Where a session stands in the split of its service: two int32, which rendezvous hashing makes of
 * its key and of the service's salt. The version follows from it and from the table in force.
 */
export type SplitPlace = { high: number; low: number };
