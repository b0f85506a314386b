export { type CompiledStep, compile, type StepRecord } from "./compile/compile.ts";
export type { CompileOptions, Mode } from "./compile/options.ts";
export type { ProgramSummary } from "./compile/program.ts";
export { type DoctorBackend, type DoctorReport, doctor, formatDoctor } from "./doctor.ts";
export type { FetchProgress } from "./node/options.ts";
export type { BackendName, BackendOptions } from "./options.ts";
export type { BackendProbe, SelectedBackend } from "./status.ts";
export { useBackend } from "./use-backend.ts";
