// How long the neighbour tables of each pattern take to build, on grids of two sizes.
import { axial, blockSparse, nearby, neighbourTable } from "@nuwa/attention-3dna";
import { videoGrid } from "@nuwa/tensor3d";
import { milliseconds, summarize } from "./lib/summary.mjs";

const cube = (size) => ({ height: size, width: size, frames: size });
const patterns = [
  () => nearby({ extent: cube(3) }),
  () => nearby({ extent: { height: 7, width: 7, frames: 5 } }),
  () => axial(),
  () => blockSparse({ block: cube(4) }),
];
for (const grid of [videoGrid(21, 21, 10), videoGrid(64, 64, 32)]) {
  console.log(`\n${grid.frames}x${grid.height}x${grid.width} tokens, causal (min / median / max)`);
  for (const pattern of patterns) {
    const times = [];
    let name;
    let pairs;
    for (let round = 0; round < 5; round++) {
      const fresh = pattern(); // tables are cached by pattern
      const started = performance.now();
      pairs = neighbourTable(fresh, { queryGrid: grid, causal: true }).keys.length;
      times.push((performance.now() - started) / 1000);
      name = fresh.name;
    }
    console.log(`  ${name}: ${milliseconds(summarize(times))}, ${pairs} pairs`);
  }
}
