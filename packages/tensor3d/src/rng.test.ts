import { expectClose, useCpu } from "@nuwa/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { philox } from "./philox.ts";
import { LARGEST_GUMBEL, Rng, randomNormal } from "./rng.ts";

beforeAll(useCpu);

test("philox gives the known answers of Random123", () => {
  const out = new Uint32Array(4);
  philox(out, 0, 0, 0, 0, 0, 0, 0);
  expect([...out]).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  const ones = 0xffffffff;
  philox(out, 0, ones, ones, ones, ones, ones, ones);
  expect([...out]).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
  philox(out, 0, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0);
  expect([...out]).toEqual([0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]);
});

test("the words of a seed never change", () => {
  const rng = new Rng(0);
  expect([rng.next(), rng.next(), rng.next(), rng.next()]).toEqual([
    0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8,
  ]);
  expect(new Rng(1).next()).not.toBe(new Rng(2 ** 32).next());
});

test("many words at once are those drawn one by one, from any place", () => {
  const [one, many] = [new Rng(7), new Rng(7)];
  for (const count of [1, 2, 6, 0, 5, 9]) {
    expect([...many.words(count)]).toEqual(Array.from({ length: count }, () => one.next()));
    expect(many.state()).toEqual(one.state());
  }
});

describe("fork", () => {
  test("does not depend on what was drawn, nor draw", () => {
    const rng = new Rng(5);
    const before = rng.fork("layer", 3).next();
    const first = rng.next();
    expect(rng.fork("layer", 3).next()).toBe(before);
    expect(new Rng(5).next()).toBe(first);
  });

  test("in steps or at once is the same", () => {
    expect(new Rng(5).fork("a").fork(1).state()).toEqual(new Rng(5).fork("a", 1).state());
  });

  test("differs by seed, text, number, order and length", () => {
    const forks = [
      [],
      ["a"],
      ["b"],
      ["ab"],
      ["a", "b"],
      ["b", "a"],
      ["1"],
      [1],
      [0],
      [-1],
      [0.5],
      [""],
      ["", ""],
    ];
    const words = forks.flatMap((path) => [new Rng(1).fork(...path).next(), new Rng(2).fork(...path).next()]);
    expect(new Set(words).size).toBe(words.length);
  });
});

test("a state continues exactly, also through JSON and inside a block", () => {
  const rng = new Rng(9);
  rng.uniform(6);
  const copy = Rng.from(JSON.parse(JSON.stringify(rng.state())));
  expect(copy.normal(5)).toEqual(rng.normal(5));
  expect(copy.state()).toEqual(rng.state());
});

describe("distributions", () => {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

  test("uniform lies in [0, 1) around 1/2", () => {
    const values = new Rng(1).uniform(20000);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(mean(values)).toBeCloseTo(0.5, 2);
    expect(mean(values.map((value) => (value - 0.5) ** 2))).toBeCloseTo(1 / 12, 2);
  });

  test("normal has its mean and deviation", () => {
    const values = new Rng(1).normal(20001, 3, 2);
    expect(mean(values)).toBeCloseTo(3, 1);
    expect(mean(values.map((value) => (value - 3) ** 2)) / 4).toBeCloseTo(1, 1);
  });

  test("gumbelAt looks ahead in the same stream", () => {
    const rng = new Rng(1).fork("gumbel");
    rng.next();
    const ahead = [7, 0, 1, 2, 30].map((index) => rng.gumbelAt(index));
    const drawn = rng.gumbel(31);
    expect(ahead).toEqual([7, 0, 1, 2, 30].map((index) => drawn[index]));
    expect(Math.max(...drawn)).toBeLessThan(LARGEST_GUMBEL);
    expect(LARGEST_GUMBEL).toBeCloseTo(Math.log(2 ** 33), 3); // -log of half a 32-bit step
  });

  test("gumbel has the mean gamma and the variance pi^2 / 6", () => {
    const values = new Rng(1).gumbel(20000);
    const centre = mean(values);
    expect(centre).toBeCloseTo(0.5772, 1);
    expect(mean(values.map((value) => (value - centre) ** 2)) / (Math.PI ** 2 / 6)).toBeCloseTo(1, 1);
  });

  test("integers reach every value below the bound and no other", () => {
    const counts = new Array(7).fill(0);
    for (const value of new Rng(1).integers(7000, 7)) counts[value]++;
    expect(counts).toHaveLength(7);
    expect(Math.min(...counts)).toBeGreaterThan(900);
  });

  test("a permutation has every number once, and differs by seed", () => {
    const values = new Rng(1).permutation(50);
    expect(values.toSorted()).toEqual(Int32Array.from({ length: 50 }, (_, index) => index));
    expect(values).not.toEqual(new Rng(2).permutation(50));
  });
});

test("randomNormal is the same stream as a tensor", async () => {
  const tensor = randomNormal([2, 3], new Rng(4), { mean: 1, std: 2 });
  await expectClose(tensor, { shape: [2, 3], data: new Rng(4).normal(6, 1, 2) }, {});
  tensor.dispose();
});

describe("bad input is named:", () => {
  test.each([
    [() => new Rng(-1), /Rng: seed must be an integer from 0 to 2\^53 - 1, got -1/],
    [() => new Rng(0.5), /got 0.5/],
    [() => new Rng(0).integers(1, 0), /bound must be an integer from 1 to 2\^31, got 0/],
    [() => Rng.from({ key: [1, -1], position: 0 }), /Rng.from: wanted .* got \{"key":\[1,-1\]/],
    [() => Rng.from(undefined as never), /Rng.from/],
  ])("%s", (action, message) => expect(action).toThrow(message));
});

test("a blank stream and its forks draw the mean", () => {
  const rng = Rng.blank().fork("layer", 3);
  expect([...rng.normal(3)]).toEqual([0, 0, 0]);
  expect([...rng.normal(2, 5, 9)]).toEqual([5, 5]);
});
