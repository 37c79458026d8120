// socketio-origin.cjs PORT: a server of socket.io, which keeps a session in memory.
const { Server } = require("socket.io");

const port = Number(process.argv[2]);
const server = new Server();
server.on("connection", (socket) => socket.on("who", (answer) => answer(port)));
server.listen(port);
