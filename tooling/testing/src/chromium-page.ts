import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, type TestContext } from "vitest";
import { findChromium, type OpenedPage, openPage } from "./chromium.ts";
import { isRequired } from "./is-required.ts";

/**
 * Opens a page before the tests of a file, and closes it after them.
 *
 * @param entry the page's program
 * @param options `isolated`: see `openPage`
 * @returns what gives a test the page; where there is no browser it skips the test, unless `NUWA_REQUIRE_BACKENDS`
 *   lists `chromium`
 */
export function chromiumPage(
  entry: URL,
  { isolated }: { isolated?: boolean } = {},
): (context: TestContext) => OpenedPage {
  const executable = findChromium();
  const missing = executable === undefined && !isRequired("chromium");
  let opened: OpenedPage | undefined;
  beforeAll(async () => {
    if (missing) return;
    opened = await openPage({
      entry: fileURLToPath(entry),
      executablePath: executable ?? "chromium",
      isolated,
    });
  }, 120_000);
  afterAll(() => opened?.close());
  return (context) => {
    if (missing) context.skip("no Chromium: install it, or name it in CHROMIUM_PATH");
    return opened!;
  };
}

/** The names of the scripts that load a module of Node's. */
export function nodeScripts({ scripts }: OpenedPage): string[] {
  const loads = /from\s*["']node:|(?:import|require)\(["']node:|node:worker_threads/;
  return Object.keys(scripts).filter((name) => loads.test(scripts[name]));
}
