import { expect, test } from "vitest";
import { readCatalog } from "./catalog.ts";
import { selectEmoji } from "./select.ts";

const { entries } = await readCatalog();

test.each([
  ["tiny", 24],
  ["small", 100],
  ["all", 1008],
] as const)("the %s set has %i names, plain, short and without duplicates", (set, count) => {
  const names = selectEmoji(entries, set).map(({ name }) => name);
  expect(names).toHaveLength(count);
  expect(new Set(names).size).toBe(count);
  for (const name of names) {
    expect(name).toMatch(/^[a-z0-9'!&-]+( [a-z0-9'!&-]+)?$/);
    expect(name).not.toContain(" on ");
  }
});

test("a filter keeps OpenMoji's order; its limit does not depend on the other drawings", () => {
  const few = selectEmoji(entries, { groups: ["food-drink"], maxWords: 1, limit: 10 }).map(
    ({ name }) => name,
  );
  expect(few).toHaveLength(10);
  const more = selectEmoji(entries, { groups: ["food-drink"], maxWords: 1, limit: 20 }).map(
    ({ name }) => name,
  );
  expect(more.filter((name) => few.includes(name))).toEqual(few);
});

test("unknown names and groups are errors that name them", () => {
  expect(() => selectEmoji(entries, ["aple", "fox"])).toThrow(
    expect.objectContaining({ code: "CONFIG", message: expect.stringContaining('"aple" (near: "apple"') }),
  );
  expect(() => selectEmoji(entries, { groups: ["food"] })).toThrow(
    /emoji.groups: wanted some of .*; got food/,
  );
});
