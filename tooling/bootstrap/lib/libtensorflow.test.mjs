import { afterEach, expect, test, vi } from "vitest";
import { ensureLibrary, progressLines } from "./libtensorflow.mjs";

const log = vi.spyOn(console, "log").mockImplementation(() => {});
afterEach(() => log.mockClear());
const printed = () => log.mock.calls.map(([line]) => line).join("\n");

test("does not fetch what is there", async () => {
  const fetchLibrary = vi.fn();
  expect(await ensureLibrary({ findLibrary: async () => ({ folder: "/cache" }), fetchLibrary })).toBe(true);
  expect(fetchLibrary).not.toHaveBeenCalled();
});

test("fetches it where it is missing", async () => {
  const fetchLibrary = vi.fn(async () => ({ folder: "/cache" }));
  expect(await ensureLibrary({ findLibrary: async () => undefined, fetchLibrary })).toBe(true);
  expect(printed()).toContain("Fetching libtensorflow");
});

test("says in one line why there is none, and goes on", async () => {
  const fetchLibrary = async () => {
    throw Object.assign(new Error("libtensorflow: neither pip nor Maven is installed."), {
      hint: "Install Python 3.",
    });
  };
  expect(await ensureLibrary({ findLibrary: async () => undefined, fetchLibrary })).toBe(false);
  expect(printed()).toContain("No libtensorflow: neither pip nor Maven is installed. Install Python 3.");
});

test("an interrupt ends the fetch", async () => {
  const fetchLibrary = ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")));
      process.emit("SIGINT", "SIGINT");
    });
  const fetching = ensureLibrary({ findLibrary: async () => undefined, fetchLibrary });
  await expect(fetching).rejects.toMatchObject({ exitCode: 130 });
});

test("progress comes every ten seconds", () => {
  let time = 0;
  const lines = [];
  const onProgress = progressLines(
    () => time,
    (line) => lines.push(line),
  );
  for (time = 0; time <= 25_000; time += 1000)
    onProgress({ message: "Downloading", bytes: time * 1000, total: 250e6 });
  expect(lines).toEqual(["Downloading: 10 of 250 MB.", "Downloading: 20 of 250 MB."]);
});
