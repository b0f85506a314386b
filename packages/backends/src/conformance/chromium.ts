import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { build, defaultClientConditions } from "vite";
import type { PageResult } from "./page/main.ts";

/** The browser that `CHROMIUM_PATH` names, else an installed one. */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined) return named;
  const usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  return usual.find((path) => existsSync(path));
}

export interface Page {
  /** Every script of the bundle, by its name. */
  readonly scripts: Readonly<Record<string, string>>;
  check(backend: "wasm" | "webgpu"): Promise<PageResult>;
  close(): Promise<void>;
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

/** Builds the conformance page with Vite, serves it on localhost, and opens it in a headless browser. */
export async function openPage(executablePath: string): Promise<Page> {
  const folder = await mkdtemp(join(tmpdir(), "nuwa-conformance-"));
  await build({
    root: fileURLToPath(new URL("page", import.meta.url)),
    base: "./",
    logLevel: "error",
    resolve: { conditions: ["@nuwa/source", ...defaultClientConditions] },
    build: { outDir: folder, emptyOutDir: true, minify: false, target: "es2023", assetsInlineLimit: 0 },
  });
  const server = await serve(folder);
  const browser = await chromium.launch({ executablePath, args: flags });
  const page = await browser.newPage();
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/index.html`);
  return {
    scripts: await readScripts(folder),
    check: (backend) => page.evaluate((name) => checkConformance(name), backend),
    async close() {
      await browser.close();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

async function serve(folder: string): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    try {
      const body = await readFile(join(folder, path));
      response
        .writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" })
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
