// socketio-clients.cjs URL COUNT TRANSPORT…: so many clients of socket.io, each with a cookie of
// its own. Prints for each the port of the server that has answered all its questions, or null.
const { io } = require("socket.io-client");

const [, , url, count, ...transports] = process.argv;
const QUESTIONS = 5;
/** A client that a server does not know begins anew again and again. */
const PATIENCE_MS = 3_000;

async function ask(user) {
  const cookie = `sid=user-${user}`;
  const socket = io(url, {
    transports,
    extraHeaders: { cookie },
    forceNew: true,
    reconnection: false,
  });
  const ports = new Set();
  try {
    await new Promise((resolve, reject) => {
      socket.on("connect", resolve);
      for (const bad of ["connect_error", "disconnect"]) socket.on(bad, reject);
    });
    for (let question = 0; question < QUESTIONS; question += 1) {
      ports.add(await socket.timeout(PATIENCE_MS).emitWithAck("who"));
    }
    return ports.size === 1 ? [...ports][0] : null;
  } catch {
    return null;
  } finally {
    socket.off("disconnect");
    socket.disconnect();
  }
}

void Promise.all(Array.from({ length: Number(count) }, (_, user) => ask(user))).then((ports) => {
  process.stdout.write(`${JSON.stringify(ports)}\n`);
});
