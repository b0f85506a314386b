import { ask } from "@nuwa/testing/page";
import { measure } from "./measure.mjs";

globalThis.measureHere = measure;

globalThis.measureInWorker = (request) =>
  ask(new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" }), request);
