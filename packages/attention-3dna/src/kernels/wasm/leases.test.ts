import { NuwaError } from "@nuwa/tensor3d";
import { expect, test } from "vitest";
import { Leases } from "./leases.ts";
import { START, Workspace } from "./workspace.ts";

test("leases fill the first gap that is large enough, and calls begin after the last", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const leases = new Leases(memory);
  expect(leases.end).toBe(START);
  const [first, second, third] = [leases.take(16), leases.take(40), leases.take(16)];
  expect([first, second, third].map(({ address }) => address)).toEqual([START, START + 64, START + 256]);
  expect(new Workspace(memory, leases.end).reserve(1).address).toBe(START + 320);
  leases.giveBack(second);
  expect(leases.take(100).address).toBe(START + 320); // too large for the gap
  const gap = leases.take(48);
  expect(gap.address).toBe(START + 64);
  leases.giveBack(first);
  leases.giveBack(first); // twice is as once
  expect(leases.bytes).toBe(4 * (48 + 16 + 112)); // whole multiples of 64 bytes
  expect(leases.take(16).address).toBe(START);
});

test("the memory grows, up to what WebAssembly allows", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const leases = new Leases(memory);
  const { address, length } = leases.take(100_000);
  expect(memory.buffer.byteLength).toBeGreaterThanOrEqual(address + length * 4);
  expect(() => leases.take(2 ** 30)).toThrow(NuwaError);
  expect(leases.end).toBeLessThan(2 ** 20); // what was refused is not kept
});
