import { defineConfig } from "vitest/config";

// Tests read the sources of the workspace's packages, not their builds.
const conditions = ["@nuwa/source"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["{packages,apps,tooling}/*/src/**/*.test.ts", "tooling/{bench,bootstrap}/**/*.test.mjs"],
    pool: "forks",
    maxWorkers: 2,
    // tfjs's cpu backend advises each process to install tfjs-node.
    onConsoleLog: (text) => !text.includes("looks like you are running TensorFlow.js in Node.js"),
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
