export type { BackendProbe, SelectedBackend } from "./status.ts";
export { type BackendName, type BackendOptions, useBackend } from "./use-backend.ts";
