import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readTorchCheckpoint } from "./torch-file.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/torch/${name}`, import.meta.url));

test("a file is read, with options", async () => {
  const { tensors, root } = await readTorchCheckpoint(fixture("lightning.pt"));
  expect([root, tensors["encoder.weight"].shape]).toEqual(["state_dict", [4, 3]]);
  const { skipped } = await readTorchCheckpoint(fixture("calls-system.pt"), { skipUnknown: true });
  expect(skipped).toEqual({ "more.0": "posix.system" });
});

test("a file that is refused or missing is named", async () => {
  const path = fixture("calls-system.pt");
  await expect(readTorchCheckpoint(path)).rejects.toMatchObject({
    name: "NuwaError",
    code: "FILE",
    message: expect.stringContaining(`${path}: torch checkpoint: it holds "posix.system"`),
    hint: expect.stringContaining("weights_only=True"),
  });
  const missing = fixture("missing.pt");
  await expect(readTorchCheckpoint(missing)).rejects.toThrow(
    `Could not read ${missing}: there is no such file`,
  );
});
