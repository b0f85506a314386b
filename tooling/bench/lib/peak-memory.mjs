import { readFileSync, writeFileSync } from "node:fs";

const onLinux = process.platform === "linux";

/** Forgets the highest memory so far, where the system can: on Linux. */
export function forgetPeakMemory() {
  if (onLinux) writeFileSync("/proc/self/clear_refs", "5");
}

/** The largest working set in bytes since `forgetPeakMemory`, elsewhere than on Linux since the process began. */
export function peakMemory() {
  if (!onLinux) return process.resourceUsage().maxRSS * 1024;
  const [, kibibytes] = /VmHWM:\s*(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"));
  return Number(kibibytes) * 1024;
}
