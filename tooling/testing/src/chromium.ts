import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { build, defaultClientConditions } from "vite";

/** The browser that `CHROMIUM_PATH` names, else an installed one. */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined) return named;
  const usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  return usual.find((path) => existsSync(path));
}

export interface OpenedPage {
  readonly page: Page;
  /** Every script of the bundle, by its name. */
  readonly scripts: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface PageOptions {
  /** The page's program, a module: what tests call they find on `globalThis`. */
  readonly entry: string;
  /** The browser's program, as `findChromium` gives it. */
  readonly executablePath: string;
  /** Serves the page cross-origin isolated, so that it may share memory between threads. Default false. */
  readonly isolated?: boolean;
}

const flags = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-sync",
  "--no-first-run",
];

/** Builds a page with Vite, serves it on localhost, and opens it in a headless browser. */
export async function openPage({
  entry,
  executablePath,
  isolated = false,
}: PageOptions): Promise<OpenedPage> {
  const folder = await mkdtemp(join(tmpdir(), "nuwa-page-"));
  await build({
    root: dirname(entry),
    configFile: false,
    base: "./",
    logLevel: "error",
    resolve: { conditions: ["@nuwa/source", ...defaultClientConditions] },
    worker: { format: "es" },
    build: {
      outDir: folder,
      emptyOutDir: true,
      minify: false,
      target: "es2023",
      assetsInlineLimit: 0,
      rolldownOptions: { input: entry, output: { entryFileNames: "main.js" } },
    },
  });
  await writeFile(join(folder, "index.html"), html);
  const server = await serve(folder, isolated ? isolation : {});
  const browser = await chromium.launch({ executablePath, args: flags });
  const page = await browser.newPage();
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/index.html`);
  return {
    page,
    scripts: await readScripts(folder),
    async close() {
      await browser.close();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}

const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Tests</title>
    <link rel="icon" href="data:," />
  </head>
  <body>
    <script type="module" src="./main.js"></script>
  </body>
</html>
`;

const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

async function serve(folder: string, headers: Readonly<Record<string, string>>): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    try {
      const body = await readFile(join(folder, path));
      response
        .writeHead(200, { ...headers, "content-type": types[extname(path)] ?? "application/octet-stream" })
        .end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return server;
}

async function readScripts(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder, { recursive: true });
  const scripts = names.filter((name) => name.endsWith(".js"));
  return Object.fromEntries(
    await Promise.all(scripts.map(async (name) => [name, await readFile(join(folder, name), "utf8")])),
  );
}
