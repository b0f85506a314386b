import { createOurs, drawBatch } from "./ours.mjs";
import { sizes } from "./sizes.mjs";
import { milliseconds, summarize } from "./summary.mjs";

const modes = ["graph", "xla", "auto"];
/** Two steps are recorded; `auto` tries both ways in the eight after. */
const warmUpSteps = 11;

/** Times the training step of a size, compiled in each mode, in turns. */
export async function compareModes(name, { rounds, steps, seed }) {
  const size = sizes[name];
  const data = drawBatch(size, seed);
  const contestants = modes.map((mode) => ({
    mode,
    ours: createOurs(size, data, seed, { compiled: mode }),
    seconds: [],
  }));
  for (let round = -1; round < rounds; round++) {
    for (const { ours, seconds } of contestants) {
      const turn = await ours.train(round < 0 ? warmUpSteps : steps);
      if (round >= 0) seconds.push(...turn.seconds);
    }
  }
  console.log(`\nmodes: ${name}, by turns`);
  return contestants.map(({ mode, ours, seconds }) => {
    const { graph, xla } = ours.program().functions;
    const times = summarize(seconds);
    console.log(
      `  ${mode.padEnd(5)} min / median / max: ${milliseconds(times)}; ${graph} functions as graphs, ${xla} by XLA`,
    );
    ours.dispose();
    return { mode, ...times, graph, xla };
  });
}
