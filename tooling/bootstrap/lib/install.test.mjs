import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fingerprint } from "./install.mjs";

const folder = mkdtempSync(join(tmpdir(), "nuwa bootstrap "));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the fingerprint changes with the lock file and with any package's dependencies, not with sources", () => {
  const write = (name, text) => writeFileSync(join(folder, name), text);
  for (const name of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json"]) write(name, name);
  mkdirSync(join(folder, "packages", "a"), { recursive: true });
  write("packages/a/package.json", "{}");
  const first = fingerprint(folder);
  write("packages/a/index.ts", "export {};");
  expect(fingerprint(folder)).toBe(first);
  write("packages/a/package.json", '{ "dependencies": {} }');
  const second = fingerprint(folder);
  expect(second).not.toBe(first);
  write("pnpm-lock.yaml", "other");
  expect(fingerprint(folder)).not.toBe(second);
});
