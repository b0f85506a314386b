import { defineConfig } from "vitest/config";

// Tests read the sources of the workspace's packages, not their builds.
const conditions = ["@nuwa/source"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["{packages,apps,tooling}/*/src/**/*.test.ts", "tooling/bootstrap/**/*.test.mjs"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
