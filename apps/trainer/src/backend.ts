import { type SelectedBackend, useBackend } from "@nuwa/backends";
import type { BackendName } from "./commands/options.ts";
import type { Console } from "./console/console.ts";

/** Selects the backend of a command and says which one it is. */
export async function selectBackend(name: BackendName, console: Console): Promise<SelectedBackend> {
  const selected = await useBackend(name);
  console.line(`Backend: ${selected.name}, ${selected.device} (${selected.detail})`);
  return selected;
}
