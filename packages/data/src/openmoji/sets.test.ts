import { expect, test } from "vitest";
import { readCatalog } from "./catalog.ts";
import { checkMovingOpenMojiConfig } from "./config.ts";
import { selectEmoji } from "./select.ts";
import { allEmoji } from "./sets.ts";

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

test("skip and limit part a filter's drawings: nothing twice, nothing lost, OpenMoji's order kept", () => {
  const names = (filter: object) => selectEmoji(entries, { ...allEmoji, ...filter }).map(({ name }) => name);
  const all = names({});
  const first = names({ limit: 950 });
  const later = names({ skip: 950 });
  expect([first.length, later.length]).toEqual([950, all.length - 950]);
  expect([...first, ...later].sort()).toEqual([...all].sort());
  expect(all.filter((name) => later.includes(name))).toEqual(later);
  const middle = names({ skip: 940, limit: 20 });
  expect(middle.filter((name) => first.includes(name))).toHaveLength(10);
  expect(middle.filter((name) => later.includes(name))).toHaveLength(10);
  expect(names({ skip: 0 })).toEqual(all);
  expect(names({ skip: 1000, limit: 20 })).toHaveLength(all.length - 1000);
});

test("a filter that leaves nothing is an error", () => {
  expect(() => selectEmoji(entries, { ...allEmoji, skip: 1008 })).toThrow(
    "emoji.skip: wanted less than the 1008 drawings of the filter, got 1008",
  );
  expect(() => checkMovingOpenMojiConfig({ emoji: { ...allEmoji, skip: -1 } })).toThrow(/emoji/);
});

test("unknown names and groups are errors that name them", () => {
  expect(() => selectEmoji(entries, ["aple", "fox"])).toThrow(
    expect.objectContaining({ code: "CONFIG", message: expect.stringContaining('"aple" (near: "apple"') }),
  );
  expect(() => selectEmoji(entries, { groups: ["food"] })).toThrow(
    /emoji.groups: wanted some of .*; got food/,
  );
});
