import { expect, test, vi } from "vitest";
import { useBackend } from "../index.ts";

test("a folder without the .wasm files is an error that says what to serve", async () => {
  for (const method of ["warn", "error"] as const) vi.spyOn(console, method).mockImplementation(() => {});
  const missing = useBackend("wasm", { wasmPaths: "/no/such/folder/" });
  await expect(missing).rejects.toMatchObject({
    code: "BACKEND",
    message: expect.stringMatching(/the \.wasm files did not load: .*name their folder in wasmPaths/s),
  });
  await expect(useBackend("wasm", { wasmPaths: "/another/" })).rejects.toMatchObject({ code: "BACKEND" });
});
