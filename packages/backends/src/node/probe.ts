import type { BackendProbe } from "../status.ts";
import { findLibrary } from "./find-library.ts";
import { registeredBackend, registerLibrary } from "./register.ts";
import { releaseFor } from "./release.ts";

export interface NodeProbe extends BackendProbe {
  /** Where libtensorflow lies. */
  readonly folder?: string;
  /** Its version. */
  readonly version?: string;
}

/** Whether libtensorflow is here and loads. Loads it, fetches and selects nothing. */
export async function probeNode(): Promise<NodeProbe> {
  try {
    const library = registeredBackend() ?? (await findLibrary());
    if (!library) return missing();
    const backend = await registerLibrary(library.folder);
    const how = "source" in library ? ` from ${sources[library.source]}` : "";
    return {
      available: true,
      device: backend.device,
      detail: `${backend.detail}${how}`,
      folder: library.folder,
      version: backend.binding.version,
    };
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string };
    return { available: false, detail: "libtensorflow does not load", reason: message, fix: hint };
  }
}

const sources = {
  NUWA_LIBTENSORFLOW: "NUWA_LIBTENSORFLOW",
  python: "the Python package tensorflow",
  cache: "the cache",
} as const;

function missing(): NodeProbe {
  const reason = "libtensorflow is not on this machine";
  const release = releaseFor();
  if (!release) {
    const fix =
      "Build or install libtensorflow and set NUWA_LIBTENSORFLOW to its folder, or use another backend.";
    return { available: false, detail: "nothing to fetch for this system", reason, fix };
  }
  const megabytes = Math.round(release.wheelBytes / 1e6);
  const fix = `useBackend("node") fetches it once, ${megabytes} MB, with pip or Maven.`;
  return { available: false, detail: "can be fetched", reason, fix };
}
