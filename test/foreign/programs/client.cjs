// client.cjs BYTES COUNT URL...: as client.py, by the fetch of Node.
const [, , bytes, count, ...urls] = process.argv;

async function run() {
  const size = Number(bytes);
  const request = size === 0 ? {} : { method: "POST", body: Buffer.alloc(size, "x") };
  const all = urls.flatMap((url) => Array(Number(count)).fill(url));
  for (const url of all) {
    const headers = { connection: "close" };
    try {
      const response = await fetch(url, { ...request, headers });
      await response.arrayBuffer();
      process.stdout.write(`${response.status}\n`);
    } catch (error) {
      process.stdout.write(`${error.message} ${error.cause?.code ?? ""}\n`);
    }
  }
}

void run();
