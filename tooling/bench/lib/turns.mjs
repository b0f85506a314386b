import { setTimeout } from "node:timers/promises";
import { summarize } from "./summary.mjs";

/** Threads of some libraries wait actively for a while after a call: the next contestant starts after it. */
const pauseMilliseconds = 20;
/**
 * Seconds of calls at the start of a turn that do not count: the caches belong to the contestant before, and sleeping
 * processors, those of virtual machines above all, take milliseconds to join in.
 */
const warmSeconds = 0.1;
/** Seconds from which on a turn is a single call. */
const longCall = 1;

/**
 * Times contestants in turns within one run, so that all of them meet the same machine.
 *
 * A turn is `warmSeconds` of calls that are not counted, one at least, and then `calls` that are; one counted call where
 * calls are long. A first round warms up and is not counted.
 *
 * @param contestants `{ name, run(calls), once }`: `run` gives the seconds of each call; `once` takes one turn in all
 * @returns by name, the smallest, middle and largest time in seconds
 */
export async function takeTurns(contestants, { rounds, calls }) {
  const seconds = Object.fromEntries(contestants.map(({ name }) => [name, []]));
  const uncounted = {};
  for (let round = -1; round < rounds; round++) {
    for (const { name, run, once } of contestants) {
      await setTimeout(pauseMilliseconds);
      if (once) {
        if (round === 0) seconds[name].push(...(await run(1)));
      } else if (round < 0) {
        const [, second] = await run(2);
        uncounted[name] = second > longCall ? 0 : Math.ceil(warmSeconds / second);
      } else {
        const turn = await run(uncounted[name] === 0 ? 1 : uncounted[name] + calls);
        seconds[name].push(...turn.slice(uncounted[name]));
      }
    }
  }
  return Object.fromEntries(Object.entries(seconds).map(([name, values]) => [name, summarize(values)]));
}

/** Lines of a table of the times, in milliseconds, with how often the first contestant's each of them is. */
export function timesTable(times) {
  const [first, ...others] = Object.entries(times);
  const width = Math.max(...Object.keys(times).map((name) => name.length));
  const line = (name, { min, median }) => `${name.padEnd(width)}  ${column(min)} / ${column(median)} ms`;
  return [
    line(...first),
    ...others.map(([name, time]) => {
      const ratios = `${(time.min / first[1].min).toFixed(1)} / ${(time.median / first[1].median).toFixed(1)}`;
      return `${line(name, time)}   ${ratios} times ${first[0]}`;
    }),
  ];
}

const column = (seconds) => (seconds * 1000).toFixed(seconds < 0.1 ? 2 : 0).padStart(7);
