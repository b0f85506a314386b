import { availableParallelism, cpus, loadavg } from "node:os";
import { kernelThreads, prepareKernels } from "@nuwa/attention-3dna";
import { useBackend } from "@nuwa/backends";

/**
 * Selects a backend, prepares attention's kernel and prints what is measured on.
 *
 * @param threads of the node backend and of the kernel. Default: all cores, and the kernel's own default
 * @returns what to keep beside the figures
 */
export async function openBench(name, threads) {
  const options = name === "node" ? { threads: threads ?? availableParallelism() } : {};
  const backend = await useBackend(name, options);
  await prepareKernels(threads === undefined ? {} : { threads });
  const about = {
    machine: `${cpus()[0].model.trim()}, ${availableParallelism()} cores`,
    load: loadavg()[0],
    ours: `${backend.name}, ${backend.device}, ${backend.detail}; ${kernelThreads()} threads in the kernel`,
  };
  console.log(`${about.machine}, load ${about.load.toFixed(1)}\nours: ${about.ours}`);
  if (about.load > availableParallelism() / 2) {
    console.log(
      "The machine is busy: threads that wait for each other suffer most, so the ratios say little.",
    );
  }
  return about;
}
