import { expect, test } from "vitest";
import { HeldMemory } from "./held-memory.ts";
import { Leases } from "./leases.ts";

const leases = () => new Leases(new WebAssembly.Memory({ initial: 1 }));

test("memory is held as long as it is used", () => {
  const all = leases();
  const held = new HeldMemory(all, 4 * 48);
  let used = true;
  const [first, second] = [held.take(16)!, held.take(32)!];
  held.hold(first, () => used);
  expect(held.take(1)).toBeUndefined(); // more than may be held
  held.releaseUnused(); // the second, of which nobody said that it is used
  expect(all.bytes).toBe(64);
  expect(held.take(32)!.address).toBe(second.address);
  used = false;
  held.releaseUnused();
  expect(all.bytes).toBe(0);
});

test("none may be held", () => {
  expect(new HeldMemory(leases(), 0).take(1)).toBeUndefined();
});
