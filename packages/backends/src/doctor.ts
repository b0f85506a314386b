import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { probeNode } from "./node/probe.ts";
import type { BackendProbe } from "./status.ts";

export interface DoctorBackend extends BackendProbe {
  readonly name: "node" | "webgpu" | "wasm" | "cpu";
}

/** What this machine has, and what would make it faster. */
export interface DoctorReport {
  readonly node: string;
  /** Operating system and architecture, as Node names them. */
  readonly system: string;
  readonly processor: string;
  /** Cores that this process may use. */
  readonly cores: number;
  /** Bytes of memory. */
  readonly memory: { readonly total: number; readonly free: number };
  /** Where libtensorflow was found. */
  readonly libtensorflow?: { readonly folder: string; readonly version: string };
  readonly backends: readonly DoctorBackend[];
}

/** Tries every backend, one after the other, and selects none. Fetches nothing. */
export async function doctor(): Promise<DoctorReport> {
  const node = await probeNode();
  const { folder, version, ...nodeProbe } = node;
  const webgpu = await guarded("WebGPU", async () => (await import("./webgpu/index.ts")).probeWebgpu());
  const wasm = await guarded("WebAssembly", async () => (await import("./wasm/index.ts")).probeWasm());
  return {
    node: process.versions.node,
    system: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() || "unknown",
    cores: availableParallelism(),
    memory: { total: totalmem(), free: freemem() },
    ...(folder !== undefined && version !== undefined && { libtensorflow: { folder, version } }),
    backends: [
      { name: "node", ...nodeProbe },
      { name: "webgpu", ...webgpu },
      { name: "wasm", ...wasm },
      { name: "cpu", available: true, device: "CPU", detail: "plain JavaScript, one thread" },
    ],
  };
}

/** The report as plain text, one line a fact. */
export function formatDoctor(report: DoctorReport): string {
  const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const lines = [
    `Node ${report.node} on ${report.system}, ${report.processor}`,
    `${report.cores} cores for this process, ${gigabytes(report.memory.free)} of ${gigabytes(report.memory.total)} memory free`,
    report.libtensorflow
      ? `libtensorflow ${report.libtensorflow.version} in ${report.libtensorflow.folder}`
      : "libtensorflow: not found",
    "",
  ];
  for (const { name, available, device, detail, reason, fix } of report.backends) {
    lines.push(
      `${available ? "✓" : "✗"} ${name.padEnd(7)}${device === undefined ? "" : `${device}: `}${detail}`,
    );
    if (reason !== undefined) lines.push(`${" ".repeat(9)}why: ${reason}`);
    if (fix !== undefined) lines.push(`${" ".repeat(9)}fix: ${fix}`);
  }
  return lines.join("\n");
}

async function guarded(what: string, probe: () => Promise<BackendProbe>): Promise<BackendProbe> {
  try {
    return await probe();
  } catch (error) {
    return { available: false, detail: `${what} failed`, reason: (error as Error).message };
  }
}
