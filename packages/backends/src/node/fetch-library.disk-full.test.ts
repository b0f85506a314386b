import type { FileHandle } from "node:fs/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFakeMachine, type FakeMachine, release } from "../testing/fake-machine.ts";
import { fetchLibrary } from "./fetch-library.ts";

type Step = "writeFile" | "sync" | "close";

/** Which step of the files that are unpacked fails, and from which call on. */
const failing: { step?: Step; calls: number } = { calls: 0 };

vi.mock("node:fs/promises", async (importOriginal) => {
  const real = await importOriginal<typeof import("node:fs/promises")>();
  const open: typeof real.open = async (path, flags, mode) => {
    const handle = await real.open(path, flags, mode);
    if (flags === "wx") fail(handle);
    return handle;
  };
  return { ...real, open };
});

function fail(handle: FileHandle): void {
  const { step } = failing;
  if (step === undefined) return;
  const work = handle[step].bind(handle) as (...values: unknown[]) => Promise<void>;
  handle[step] = (async (...values: unknown[]) => {
    if (failing.calls-- > 0) return work(...values);
    if (step === "close") await work();
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  }) as never;
}

let machine: FakeMachine;

beforeEach(async () => {
  machine = await createFakeMachine();
  await machine.pip(`/bin/cp ${machine.folder}/archive "$dest/tensorflow.whl"`);
});
afterEach(() => machine.remove());

test.each<[string, Step, number]>([
  ["the first write", "writeFile", 0],
  ["a write to the second file", "writeFile", 1],
  ["writing the second file through", "sync", 1],
  ["closing the first file", "close", 0],
])("a disk that is full at %s is called that, and nothing stays", async (_, step, calls) => {
  Object.assign(failing, { step, calls });
  const fetching = fetchLibrary({ env: machine.env, release });
  await expect(fetching).rejects.toMatchObject({
    code: "BACKEND",
    message: expect.stringMatching(/^libtensorflow: cannot keep it in .*: ENOSPC: no space left on device/),
    hint: expect.stringContaining("The disk is full."),
  });
  expect(await machine.left()).toEqual([]);
  // The next one, with room, is as if nothing had been.
  failing.step = undefined;
  expect(await fetchLibrary({ env: machine.env, release })).toMatchObject({ source: "cache" });
  expect(await machine.left()).toHaveLength(1);
});
