import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startPeer } from "./peer.mjs";

/**
 * Starts PyTorch's programs that train the same: `pytorch` as it is, and `torchCompile` unless that is switched off or does
 * not work here, which is printed with the reason.
 *
 * @param program in peers/, which calls `train` of training.py
 * @param job what the program reads, without `compiled`
 * @param options `python`, the interpreter; `folder` for files; `torchCompile`, false to switch it off
 * @returns peers by name, as `startPeer`'s
 */
export async function startTrainers(program, job, { python, folder, torchCompile }) {
  const start = async (compiled) => {
    const path = join(folder, compiled ? "job-compiled.json" : "job.json");
    await writeFile(path, JSON.stringify({ ...job, compiled }));
    return startPeer(python, program, [path]);
  };
  const pytorch = await start(false);
  if (!torchCompile) return { pytorch };
  const compiled = await start(true);
  if (!compiled.about.failed) return { pytorch, torchCompile: compiled };
  console.log(`torch.compile does not work here and is left out: ${compiled.about.failed}`);
  return { pytorch };
}
