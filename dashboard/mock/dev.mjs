// `npm run dev`: Vite with the mock API behind it.
import { createServer } from "vite";
import { mock } from "./server.mjs";

const api = await mock({ port: 4170, serveDist: false, incidents: Number(process.env.INCIDENTS ?? 14), auth: process.env.AUTH === "cognito" ? "cognito" : "none" });
const vite = await createServer({ server: { port: 4171, proxy: { "^/(?!src|@|node_modules|index\\.html|favicon\\.svg|$)": { target: api.url, ws: true } } } });
await vite.listen();
vite.printUrls();
