import { prepareKernels } from "@nuwa/attention-3dna";
import { type FetchProgress, type SelectedBackend, useBackend } from "@nuwa/backends";
import type { CommandContext } from "./command-context.ts";
import type { BackendName } from "./commands/options.ts";
import type { Console } from "./console/console.ts";

/**
 * Selects the backend of a command and says which one it is. Fetching libtensorflow shows its progress.
 *
 * @param threads that it computes with; default: as many as it takes by itself
 */
export async function selectBackend(
  name: BackendName,
  { console, signal }: CommandContext,
  threads?: number,
): Promise<SelectedBackend> {
  const fetching = fetchProgress(console);
  const options = { threads, onProgress: fetching.update, signal };
  const selected = await useBackend(name, options).finally(fetching.finish);
  if (selected.name !== "webgpu") await prepareKernels({ threads }); // threads of its own for attention
  console.line(`Backend: ${selected.name}, ${selected.device} (${selected.detail})`);
  return selected;
}

/** One progress display for each phase of a fetch, in megabytes. */
function fetchProgress(console: Console) {
  let phase: FetchProgress["phase"] | undefined;
  let progress: ReturnType<Console["progress"]> | undefined;
  const finish = (): void => progress?.finish();
  const update = (state: FetchProgress): void => {
    if (state.phase !== phase) {
      finish();
      console.line(state.message);
      phase = state.phase;
      progress = console.progress("libtensorflow", Math.round(state.total / 1e6), "MB");
    }
    progress?.update(Math.round(state.bytes / 1e6));
  };
  return { update, finish };
}
