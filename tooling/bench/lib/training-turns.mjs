import { setTimeout } from "node:timers/promises";
import { summarize } from "./summary.mjs";

/** Threads of some libraries wait actively for a while after a step: the next contestant starts after it. */
const pauseMilliseconds = 20;

/**
 * Times training steps of contestants in turns within one run, so that all of them meet the same machine. A first round
 * warms up, and their losses must agree then before anything is timed, and again at the end.
 *
 * @param contestants by name `{ train(steps), warmUp, steps, other }`: `train` gives `seconds` and `losses` of each step;
 *   `other` is a contestant that trains something else
 * @param tolerance how far the losses of a step may lie apart
 * @returns by name `{ seconds, losses, apart }`: `seconds` of the counted steps, smallest, middle and largest; `losses` of
 *   all steps; `apart`, how far from the first contestant's
 * @throws Error when contestants do not train the same
 */
export async function trainInTurns(contestants, { rounds, tolerance }) {
  const names = Object.keys(contestants);
  const turns = Object.fromEntries(names.map((name) => [name, { seconds: [], losses: [] }]));
  const same = names.filter((name) => !contestants[name].other);
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      const { train, warmUp, steps } = contestants[name];
      await setTimeout(pauseMilliseconds);
      const { seconds, losses } = await train(round < 0 ? warmUp : steps);
      turns[name].losses.push(...losses);
      if (round >= 0) turns[name].seconds.push(...seconds);
    }
    if (round < 0) checkLosses(turns, same, tolerance);
  }
  checkLosses(turns, same, tolerance);
  return Object.fromEntries(
    names.map((name) => {
      const { seconds, losses } = turns[name];
      return [
        name,
        { seconds: summarize(seconds), losses, apart: largestDifference(turns[same[0]].losses, losses) },
      ];
    }),
  );
}

function checkLosses(turns, names, tolerance) {
  const [first, ...others] = names;
  for (const name of others) {
    const apart = largestDifference(turns[first].losses, turns[name].losses);
    if (apart <= tolerance) continue;
    const several = (who) => turns[who].losses.map((loss) => loss.toFixed(5)).join(" ");
    throw new Error(
      `Losses: wanted the same within ${tolerance}, got ${apart} between ${first} (${several(first)}) and ${name} ` +
        `(${several(name)}). They do not train the same, so their times would say nothing.`,
    );
  }
}

/** Over the steps that both have taken; NaN when a loss is. */
function largestDifference(losses, others) {
  const steps = Math.min(losses.length, others.length);
  return Math.max(...losses.slice(0, steps).map((loss, step) => Math.abs(loss - others[step])));
}
