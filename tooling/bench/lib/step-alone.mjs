// Training steps of our model alone in a process, whose highest memory is therefore that of a step.
// Usage: node step-alone.mjs JSON, with a size of sizes.mjs, `checkpointing`, `precision`, `compiled`, a mode or none, `steps`,
// `seed` and `threads`.
import { prepareKernels } from "@nuwa/attention-3dna";
import { useBackend } from "@nuwa/backends";
import { createOurs, drawBatch } from "./ours.mjs";

const { size, checkpointing, precision, compiled, steps, seed, threads } = JSON.parse(process.argv[2]);
await useBackend("node", { threads });
await prepareKernels({ threads });
const ours = createOurs(size, drawBatch(size, seed), seed, { checkpointing, precision, compiled });
await ours.train(0);
const before = process.memoryUsage.rss();
const warmUp = compiled ? 3 : 1;
const turns = [];
for (let step = -warmUp; step < steps; step++) {
  const started = process.cpuUsage();
  const { seconds, losses } = await ours.train(1);
  const { user, system } = process.cpuUsage(started);
  if (step >= 0)
    turns.push({ seconds: seconds[0], processorSeconds: (user + system) / 1e6, loss: losses[0] });
}
const bytes = process.resourceUsage().maxRSS * 1024 - before;
ours.dispose();
console.log(JSON.stringify({ turns, bytes }));
