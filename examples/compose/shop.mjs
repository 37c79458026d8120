// An application that says which version it is.
import { createServer } from "node:http";

const { VERSION = "v1", PORT = "3000", HOST = "0.0.0.0" } = process.env;
createServer((_request, response) => response.end(`${VERSION}\n`)).listen(Number(PORT), HOST);
