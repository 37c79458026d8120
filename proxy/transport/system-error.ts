import { getSystemErrorName } from "node:util";

/** An error as Node makes them. `errno`: as libuv gives it, below 0. */
export function systemError(errno: number, syscall: string): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno, syscall });
}
