export { type DoctorBackend, type DoctorReport, doctor, formatDoctor } from "./doctor.ts";
export type { FetchProgress } from "./node/fetch-library.ts";
export type { BackendProbe, SelectedBackend } from "./status.ts";
export { type BackendName, type BackendOptions, useBackend } from "./use-backend.ts";
