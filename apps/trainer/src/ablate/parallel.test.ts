import { expect, test } from "vitest";
import { inParallel } from "./parallel.ts";

const never = new AbortController().signal;
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

test("keeps the order and the number at a time", async () => {
  const begun: number[] = [];
  let [now, most] = [0, 0];
  await inParallel([1, 2, 3, 4, 5], 2, never, async (item) => {
    begun.push(item);
    most = Math.max(most, ++now);
    await turn();
    now--;
  });
  expect(begun).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});

test("a failure aborts what is under way, begins nothing new and is thrown", async () => {
  const begun: number[] = [];
  let aborted = false;
  const all = inParallel([1, 2, 3, 4], 2, never, async (item, signal) => {
    begun.push(item);
    if (item === 2) throw new Error("two");
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    aborted = true;
    throw new Error("aborted");
  });
  await expect(all).rejects.toThrow("two");
  expect(begun).toEqual([1, 2]);
  expect(aborted).toBe(true);
});

test("the caller's signal ends it with its reason", async () => {
  const stop = new AbortController();
  const begun: number[] = [];
  const all = inParallel([1, 2, 3], 1, stop.signal, async (item) => {
    begun.push(item);
    stop.abort(new Error("enough"));
  });
  await expect(all).rejects.toThrow("enough");
  expect(begun).toEqual([1]);
});
